"""Contract: clips of any size form one normalised batch, and boxes keep their positions."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.analysis.box_batch import box_batch
from mmvideomae.models.data_preprocessors import ActionBoxDataPreprocessor

MEAN, STD = (1.0, 2.0, 3.0), (4.0, 5.0, 6.0)


@settings(max_examples=30)
@given(
    sizes=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=3),
    divisor=st.sampled_from([1, 8, 14, 16]),
)
def test_clips_are_normalised_and_then_padded_with_zeros(
    sizes: list[tuple[int, int]], divisor: int
) -> None:
    clips = [box_batch((1,), size, seed=i)['inputs'][0] for i, size in enumerate(sizes)]
    out = ActionBoxDataPreprocessor(MEAN, STD, divisor)({'inputs': clips})['inputs']
    height, width = out.shape[-2:]
    assert out.shape[:3] == (len(clips), 3, 4) and out.dtype == torch.float32
    for side, longest in ((height, max(h for h, _ in sizes)), (width, max(w for _, w in sizes))):
        assert side % divisor == 0 and 0 <= side - longest < divisor
    for row, clip, (h, w) in zip(out, clips, sizes, strict=True):
        for channel in range(3):
            expected = (clip[0, ..., channel].float() - MEAN[channel]) / STD[channel]
            torch.testing.assert_close(row[channel, :, :h, :w], expected)
        assert not row[:, :, h:].any() and not row[:, :, :, w:].any()


def test_a_stacked_batch_is_that_of_its_clips() -> None:
    batch = box_batch((2, 1))
    prepare = ActionBoxDataPreprocessor(pad_divisor=8)
    stacked = prepare({'inputs': torch.stack(batch['inputs'])}, training=True)
    assert torch.equal(stacked['inputs'], prepare(batch)['inputs'])


def test_samples_are_told_the_padded_size_and_keep_their_boxes() -> None:
    batch = box_batch((2, 0), (30, 41))
    before = [sample.proposals.bboxes.clone() for sample in batch['data_samples']]
    out = ActionBoxDataPreprocessor(pad_divisor=16)(batch)
    for sample, boxes in zip(out['data_samples'], before, strict=True):
        assert sample.batch_input_shape == (32, 48) and sample.img_shape == (30, 41)
        assert torch.equal(sample.proposals.bboxes, boxes)


def without_proposals() -> dict[str, Any]:
    batch = box_batch((1, 2))
    del batch['data_samples'][1].proposals
    return batch


@pytest.mark.parametrize(
    ('batch', 'message'),
    [
        ({'inputs': [torch.zeros(4, 8, 8, 3)]}, r'must have shape \(1, T, H, W, C\), not \(4, 8'),
        ({'inputs': torch.zeros(2, 3, 4, 8, 8, 3)}, 'PackActionBoxes'),
        ({'inputs': [torch.zeros(2, 4, 8, 8, 3)]}, r'not \(2, 4, 8, 8, 3\)'),
        ({'inputs': [torch.zeros(1, t, 8, 8, 3) for t in (4, 6)]}, 'differ in frames or channels'),
        (without_proposals(), r'video video1 at 903\.0 s has no proposals'),
    ],
)
def test_what_is_no_batch_is_refused(batch: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        ActionBoxDataPreprocessor()(batch)
    assert '\n' not in str(caught.value)


def test_pad_divisor_is_a_number_of_pixels() -> None:
    with pytest.raises(ValueError, match='pad_divisor must be at least 1, got 0'):
        ActionBoxDataPreprocessor(pad_divisor=0)
