"""Contract: boxes are chosen, shifted and scored as in the recipes, in the video's coordinates."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmvideomae.analysis.box_batch import box_batch
from mmvideomae.engine.hooks import IterationSeedHook
from mmvideomae.models.detectors import ActionRoIHead

AVA = (0.2, 0.1, 0.1, 0.05)


class Recorder(nn.Module):
    """An extractor that keeps the boxes it is given and returns them as features."""

    stride = 8

    def forward(self, x: Tensor, rois: Tensor) -> Tensor:
        self.rois = rois
        return rois


class EdgeScores(nn.Module):
    """A head whose four logits are a function of the box alone."""

    num_classes = 4

    def forward(self, x: Tensor) -> Tensor:
        return x[:, 1:] / 32

    def loss(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        self.labels = labels
        return {'loss_action': logits.sum()}


def make_head(
    train_cfg: dict[str, Any] | None = None, test_cfg: dict[str, Any] | None = None
) -> ActionRoIHead:
    return ActionRoIHead(Recorder(), EdgeScores(), train_cfg, test_cfg)


def samples_of(
    counts: tuple[int, ...], size: tuple[int, int] = (32, 32)
) -> tuple[Tensor, list[InstanceData], list[ActionDataSample]]:
    """A feature map of the right number of clips, proposals and samples."""
    samples = box_batch(counts, size)['data_samples']
    return torch.zeros(len(counts), 1, 1, 4, 4), [each.proposals for each in samples], samples


def test_training_looks_at_the_true_boxes_of_every_clip() -> None:
    head = make_head({'max_boxes': 100, 'jitter': None})
    x, proposals, samples = samples_of((2, 0, 3))
    for own in proposals:
        own.bboxes = own.bboxes + 1  # not looked at without min_iou
    head.loss(x, proposals, samples)
    rois, labels = head.bbox_roi_extractor.rois, head.bbox_head.labels
    assert rois[:, 0].tolist() == [0, 0, 2, 2, 2]
    assert torch.equal(rois[:, 1:], torch.cat([each.gt_instances.bboxes for each in samples]))
    assert torch.equal(labels, torch.cat([each.gt_instances.labels for each in samples]))


def test_too_many_boxes_are_chosen_from_at_random_with_their_labels() -> None:
    head = make_head({'max_boxes': 3})
    x, proposals, samples = samples_of((8, 2))
    truth = samples[0].gt_instances
    seen = set()
    for seed in range(20):
        torch.manual_seed(seed)
        head.loss(x, proposals, samples)
        rois, labels = head.bbox_roi_extractor.rois, head.bbox_head.labels
        assert rois[:, 0].tolist() == [0, 0, 0, 1, 1]
        chosen = [truth.bboxes.tolist().index(box) for box in rois[:3, 1:].tolist()]
        assert len(set(chosen)) == 3
        assert torch.equal(labels[:3], truth.labels[chosen])
        seen |= set(chosen)
    assert seen == set(range(8))


def test_proposals_that_overlap_a_true_box_join_it_with_its_labels() -> None:
    head = make_head({'min_iou': 0.9})
    x, proposals, samples = samples_of((2, 1, 0))
    truth = torch.tensor([[0.0, 0, 20, 10], [0, 1, 20, 11]])
    labels = torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 1]])
    samples[0].gt_instances = InstanceData(bboxes=truth, labels=labels)
    # IoU of 0.95 with the second; of 0.89; with neither; of just 0.9 with the first.
    near = [[0.0, 1, 19, 11], [0, 0, 17.8, 10], [12, 12, 30, 30], [0, 0, 18, 10]]
    proposals[0] = InstanceData(bboxes=torch.tensor(near))
    proposals[1] = InstanceData(bboxes=torch.zeros(0, 4))
    proposals[2] = InstanceData(bboxes=torch.ones(2, 4))  # a clip without true boxes
    head.loss(x, proposals, samples)
    rois = head.bbox_roi_extractor.rois
    assert rois[:, 0].tolist() == [0, 0, 0, 0, 1]
    assert rois[:4, 1:].tolist() == [*truth.tolist(), near[0], near[3]]
    assert torch.equal(head.bbox_head.labels[:4], labels[[0, 1, 1, 0]])


def test_jitter_is_the_iterations_whoever_trained_before() -> None:
    """A resumed run moves boxes as the uninterrupted run did."""
    head = make_head({'jitter': AVA})

    def boxes_of(iteration: int) -> Tensor:
        runner = SimpleNamespace(seed=5, rank=0, iter=iteration)
        IterationSeedHook().before_train_iter(runner, 0)
        head.loss(*samples_of((2, 3)))
        return head.bbox_roi_extractor.rois

    first, second = boxes_of(1), boxes_of(2)
    torch.rand(3)
    assert torch.equal(boxes_of(2), second) and not torch.equal(first, second)


def test_scores_are_of_extended_boxes_and_results_of_given_ones() -> None:
    head = make_head(test_cfg={'extend': (0.1, 0.05), 'multiply_box_score': True})
    x, proposals, samples = samples_of((2, 0, 1))
    given = [own.bboxes.clone() for own in proposals]
    results = head.predict(x, proposals, samples)
    row = 0
    for boxes, own, result in zip(given, proposals, results, strict=True):
        assert torch.equal(result.bboxes, boxes / 32)
        assert torch.equal(result.box_scores, own.scores)
        assert result.scores.shape == (len(boxes), 4)
        for box, score, found in zip(boxes.tolist(), own.scores, result.scores, strict=True):
            w, h = box[2] - box[0] + 1, box[3] - box[1] + 1
            wide = [box[0] - w / 20, box[1] - h / 40, box[2] + w / 20, box[3] + h / 40]
            wide = torch.tensor(wide).clamp(0, 32)
            torch.testing.assert_close(head.bbox_roi_extractor.rois[row, 1:], wide)
            torch.testing.assert_close(found, (wide / 32).sigmoid() * score)
            row += 1


def test_box_scores_and_extension_can_be_left_out() -> None:
    head = make_head(test_cfg={'multiply_box_score': False})
    x, proposals, samples = samples_of((2,))
    boxes = proposals[0].bboxes
    (result,) = head.predict(x, [InstanceData(bboxes=boxes)], samples)
    torch.testing.assert_close(result.scores, (boxes / 32).sigmoid())
    assert 'box_scores' not in result
    assert torch.equal(head(x, proposals, samples), boxes / 32)
    with pytest.raises(ValueError, match=r'video video0 at 902\.0 s: the proposals have no scores'):
        make_head().predict(x, [InstanceData(bboxes=boxes)], samples)


@settings(max_examples=40)
@given(
    crop=st.tuples(*[st.floats(0, 0.4) for _ in range(2)], *[st.floats(0.5, 1) for _ in range(2)]),
    flip=st.booleans(),
    size=st.tuples(st.integers(8, 400), st.integers(8, 400)),
)
def test_results_are_in_the_original_frame(crop: Any, flip: bool, size: tuple[int, int]) -> None:
    """A box there -> where the clip shows it, in pixels -> predicted -> the box there."""
    box = torch.tensor([0.42, 0.41, 0.48, 0.49])
    left, top, right, bottom = crop
    shown = (box - torch.tensor([left, top, left, top])) / torch.tensor(
        [right - left, bottom - top] * 2
    )
    if flip:
        shown = torch.stack([1 - shown[2], shown[1], 1 - shown[0], shown[3]])
    pixels = shown * torch.tensor([size[1], size[0]] * 2)
    x, _, samples = samples_of((1,), size)
    samples[0].set_metainfo({'crop': crop, 'flip': flip})
    given_box = [InstanceData(bboxes=pixels[None], scores=torch.ones(1))]
    (result,) = make_head().predict(x, given_box, samples)
    torch.testing.assert_close(result.bboxes[0], box, rtol=0, atol=1e-5)
    (in_clip,) = make_head().predict(x, given_box, samples, rescale=False)
    assert torch.equal(in_clip.bboxes[0], pixels)


def test_frames_of_others_are_taken_as_whole() -> None:
    """Samples packed by mmaction2 do not mention a crop."""
    x, proposals, _ = samples_of((1,))
    sample = ActionDataSample(metainfo={'img_shape': (16, 64)})
    (result,) = make_head().predict(x, proposals, [sample])
    assert torch.equal(result.bboxes, proposals[0].bboxes / torch.tensor([64, 16, 64, 16]))


@pytest.mark.parametrize(
    ('train_cfg', 'test_cfg', 'message'),
    [
        ({'jiter': AVA}, None, r"unknown keys of train_cfg\.rcnn: \['jiter'\]; known: \['max"),
        ({'jitter': (0.1, 0.2)}, None, r'train_cfg\.rcnn\.jitter must be 4 shares'),
        ({'jitter': (0.2, -0.1, 0.1, 0.1)}, None, 'shares of at least 0, got'),
        ({'max_boxes': 0}, None, 'max_boxes must be at least 1, got 0'),
        (None, {'extend': (0.1,)}, r'test_cfg\.rcnn\.extend must be 2 shares'),
        (None, {'score_thr': 0.1}, r"unknown keys of test_cfg\.rcnn: \['score_thr'\]"),
    ],
)
def test_impossible_settings_are_refused(train_cfg: Any, test_cfg: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_head(train_cfg, test_cfg)


def test_labels_of_other_classes_name_their_key_frame() -> None:
    x, proposals, samples = samples_of((1, 2))
    samples[1].gt_instances.labels = torch.ones(2, 5)
    message = r'video video1 at 903\.0 s: the labels have shape \(2, 5\), .* num_classes=4'
    with pytest.raises(ValueError, match=message):
        make_head().loss(x, proposals, samples)
    del samples[1].gt_instances
    with pytest.raises(ValueError, match=r'video1 at 903\.0 s has no ground-truth boxes'):
        make_head().loss(x, proposals, samples)


def test_a_stride_that_is_not_the_patch_size_is_refused() -> None:
    x, proposals, samples = samples_of((1,))
    samples[0].set_metainfo({'batch_input_shape': (32, 32)})
    make_head().predict(x, proposals, samples)
    samples[0].set_metainfo({'batch_input_shape': (64, 64)})
    with pytest.raises(ValueError, match='4x4 steps of 8 pixels are not the 64x64 pixels'):
        make_head().predict(x, proposals, samples)
