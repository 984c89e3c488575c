"""The linear head scores in float32, so that classifiers of mmaction2 train under bfloat16."""

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import DefaultScope

from mmvideomae.models.heads import LinearHead
from mmvideomae.registry import MODELS
from tests.support.models import tiny_vit

CLASSES = 3


@pytest.fixture
def head() -> LinearHead:
    return LinearHead(num_classes=CLASSES, in_channels=8, topk=(1,))


def samples(count: int) -> list[ActionDataSample]:
    return [ActionDataSample().set_gt_label(n % CLASSES) for n in range(count)]


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_scores_are_the_float32_product_whatever_autocast_says(
    head: LinearHead, dtype: torch.dtype
) -> None:
    features = torch.randn(4, 8).to(dtype)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        scores = head(features)
    assert scores.dtype == torch.float32
    expected = features.float() @ head.fc_cls.weight.T + head.fc_cls.bias
    torch.testing.assert_close(scores, expected)


def test_a_recognizer_learns_under_bfloat16() -> None:
    """mmaction2's own head fails here: NumPy has no bfloat16."""
    torch.manual_seed(0)
    head = {'type': 'LinearHead', 'num_classes': CLASSES, 'in_channels': 32, 'topk': (1,)}
    recognizer = {'type': 'Recognizer3D', 'backbone': tiny_vit(out_type='avg'), 'cls_head': head}
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        model = MODELS.build(recognizer)
    clips = torch.randn(4, 1, 3, 4, 32, 32)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(clips, samples(4), mode='loss')
    losses['loss_cls'].backward()
    assert torch.isfinite(losses['loss_cls'])
    assert {'loss_cls', 'top1_acc'} <= set(losses)
    assert all(p.grad is not None for p in model.parameters())


def test_a_loss_for_each_class_needs_labels_of_each() -> None:
    loss = {'type': 'BCELossWithLogits'}
    head = LinearHead(num_classes=CLASSES, in_channels=8, topk=(1,), loss_cls=loss)
    scores = torch.zeros(2, CLASSES)
    with pytest.raises(ValueError, match=r'needs 3 values .*type=CrossEntropyLoss'):
        head.loss_by_feat(scores, samples(2))
    several = [ActionDataSample().set_gt_label(torch.tensor([0.0, 1, 1])) for _ in range(2)]
    assert head.loss_by_feat(scores, several)['loss_cls'] == pytest.approx(0.6931, abs=1e-4)


def several(*rows: list[int]) -> list[ActionDataSample]:
    return [ActionDataSample().set_gt_label(torch.tensor(row).float()) for row in rows]


@pytest.mark.parametrize('count', [1, 2])
@pytest.mark.parametrize('classes', [1, 3])
def test_several_labels_have_a_binary_loss_each(count: int, classes: int) -> None:
    head = LinearHead(num_classes=classes, in_channels=8, multi_class=True, label_smooth_eps=0.1)
    scores = torch.randn(count, classes)
    rows = [[n % 2 for n in range(classes)], [1] * classes][:count]
    target = torch.tensor(rows).float() * 0.9 + 0.05
    expected = -(target * scores.sigmoid().log() + (1 - target) * (-scores).sigmoid().log()).mean()
    losses = head.loss_by_feat(scores, several(*rows))
    assert set(losses) == {'loss_cls'}
    torch.testing.assert_close(losses['loss_cls'], expected)


def test_views_are_averaged_as_probabilities_of_each_class() -> None:
    head = LinearHead(num_classes=CLASSES, in_channels=8, multi_class=True)
    scores = torch.randn(6, CLASSES)
    found = head.predict_by_feat(scores, several([0, 1, 1], [1, 0, 0]))
    expected = scores.sigmoid().view(2, 3, CLASSES).mean(1)
    torch.testing.assert_close(torch.stack([each.pred_score for each in found]), expected)


def test_single_labels_are_refused_by_a_head_for_several() -> None:
    head = LinearHead(num_classes=CLASSES, in_channels=8, multi_class=True)
    with pytest.raises(ValueError, match=r'multi_class=True in the data set'):
        head.loss_by_feat(torch.zeros(2, CLASSES), samples(2))
