"""Test views are averaged after softmax in chunks of any size, never all in one forward pass."""

from typing import Any

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import DefaultScope

from mmvideomae.models import Recognizer3D
from mmvideomae.registry import MODELS
from tests.support.models import tiny_recognizer, tiny_vit
from tests.support.weights import randomise

VIEWS = 5


def build(chunk: int | None) -> Recognizer3D:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        model = MODELS.build(tiny_recognizer(max_testing_views=chunk))
    assert isinstance(model, Recognizer3D)
    randomise(model)
    return model.eval()


def batch(videos: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(1)
    clips = torch.randint(
        0, 256, (videos, VIEWS, 4, 32, 32, 3), dtype=torch.uint8, generator=generator
    )
    return {
        'inputs': clips,
        'data_samples': [ActionDataSample().set_gt_label(0) for _ in range(videos)],
    }


@pytest.mark.parametrize('chunk', [None, 1, 3, 100])
def test_scores_are_the_mean_probability_of_the_views(chunk: int | None) -> None:
    model, data = build(chunk), batch(2)
    with torch.no_grad():
        predicted = model.test_step(data)
        for video, sample in zip(data['inputs'], predicted, strict=True):
            views = model.data_preprocessor.normalise(video.permute(0, 4, 1, 2, 3))
            expected = model.cls_head.fc_cls(model.backbone(views)).softmax(1).mean(0)
            torch.testing.assert_close(sample.pred_score, expected)
            assert sample.pred_label.item() == expected.argmax().item()


def test_no_more_views_than_the_chunk_are_held_as_floats() -> None:
    model = build(3)
    seen: list[tuple[int, torch.dtype]] = []
    model.backbone.register_forward_pre_hook(
        lambda _, args: seen.append((len(args[0]), args[0].dtype))
    )
    with torch.no_grad():
        model.test_step(batch(2))
    assert seen == [(3, torch.float32)] * 3 + [(1, torch.float32)]


def test_training_is_mmactions() -> None:
    model = build(None).train()
    data = model.data_preprocessor(batch(2), training=True)
    losses = model(**data, mode='loss')
    losses['loss_cls'].backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_width_and_classes_are_said_once() -> None:
    config = tiny_recognizer(num_classes=7)
    del config['cls_head']['in_channels']
    config['data_preprocessor']['label_smoothing'] = 0.1
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        model = MODELS.build(config)
        config['data_preprocessor']['num_classes'] = 9
        other = MODELS.build(config)
    assert (model.cls_head.in_channels, model.data_preprocessor.num_classes) == (32, 7)
    assert other.data_preprocessor.num_classes == 9


@pytest.mark.parametrize(
    ('kind', 'out_type'),
    [('I3DHead', 'featmap'), ('X3DHead', 'featmap'), ('TimeSformerHead', 'avg')],
)
def test_heads_of_mmaction2_train_and_test_under_bfloat16(kind: str, out_type: str) -> None:
    """They turn scores into NumPy arrays, which cannot hold bfloat16."""
    head = {'type': kind, 'num_classes': 3, 'in_channels': 32, 'average_clips': 'prob'}
    config = {'type': 'Recognizer3D', 'backbone': tiny_vit(out_type), 'cls_head': head}
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        model: Any = MODELS.build(config)
    clips = torch.randn(2, 1, 3, 4, 32, 32)
    samples = [ActionDataSample().set_gt_label(n) for n in range(2)]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(clips, samples, mode='loss')
        losses['loss_cls'].backward()
        model.eval()
        found = model(clips, samples, mode='predict')
    assert {'loss_cls', 'top1_acc'} <= set(losses) and torch.isfinite(losses['loss_cls'])
    assert all(each.pred_score.dtype == torch.float32 for each in found)
    assert all(p.grad is not None for p in model.parameters())
