"""Batches of random boxes are like a loader's: boxes inside uint8 clips, proposed as they are."""

import pytest
import torch

from mmvideomae.analysis.box_batch import box_batch


@pytest.mark.parametrize('counts', [(2, 1), (0, 3), (5,)])
def test_boxes_lie_in_the_clips_and_are_proposed(counts: tuple[int, ...]) -> None:
    batch = box_batch(counts, size=(24, 40), num_classes=6, frames=3)
    assert len(batch['inputs']) == len(batch['data_samples']) == len(counts)
    for clip, sample, count in zip(batch['inputs'], batch['data_samples'], counts, strict=True):
        assert clip.shape == (1, 3, 24, 40, 3) and clip.dtype == torch.uint8
        boxes = sample.gt_instances.bboxes
        assert boxes.shape == (count, 4) and sample.gt_instances.labels.shape == (count, 6)
        assert (boxes[:, :2] <= boxes[:, 2:]).all() and (boxes >= 0).all()
        assert (boxes <= torch.tensor([40.0, 24, 40, 24])).all()
        assert torch.equal(sample.proposals.bboxes, boxes)
        assert sample.proposals.scores.shape == (count,)


def test_a_seed_gives_one_batch() -> None:
    first, again, other = box_batch(seed=1), box_batch(seed=1), box_batch(seed=2)
    assert torch.equal(first['inputs'][0], again['inputs'][0])
    assert not torch.equal(first['inputs'][0], other['inputs'][0])
