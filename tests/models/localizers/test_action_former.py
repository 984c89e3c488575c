"""Protects ActionFormer: training steps, segments in seconds, and parts that must fit together."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor, nn

from mmvideomae.models.layers.dynamic_conv import Gate
from mmvideomae.ops.feature_grid import FeatureGrid
from mmvideomae.registry import MODELS
from tests.support.localizers import tiny_action_former, tiny_dy_fa_det, tiny_tri_det

GRID = FeatureGrid(fps=8, stride=4, window=16)


@pytest.fixture(autouse=True)
def scope() -> None:
    init_default_scope('mmvideomae')


def sample(
    name: str, segments: list[list[float]], labels: list[int], duration: float = 30.0
) -> BaseDataElement:
    truth = InstanceData(
        segments=torch.tensor(segments).reshape(-1, 2),
        labels=torch.tensor(labels, dtype=torch.int64),
    )
    meta = {'video_id': name, 'duration': duration, 'fps': 8.0, 'grid': GRID}
    return BaseDataElement(metainfo=meta, gt_instances=truth)


def features(length: int, segments: list[list[float]], labels: list[int], seed: int) -> Tensor:
    """(12, length): noise, and where a segment is, its class in one of the first channels."""
    x = 0.3 * torch.randn(12, length, generator=torch.Generator().manual_seed(seed))
    for (start, end), label in zip(segments, labels, strict=True):
        x[label, round(start) : round(end)] += 3
    return x


def batch(*seeds: int) -> dict[str, list[Any]]:
    truths = [
        ([[4.0, 12.0], [20.0, 50.0]], [0, 1]),
        ([[10.0, 16.0], [25.0, 38.0]], [2, 0]),
    ]
    inputs, samples = [], []
    for number, (segments, labels) in enumerate(truths):
        inputs.append(features(60 - 20 * number, segments, labels, seeds[number]))
        samples.append(sample(f'v{number}', segments, labels))
    return {'inputs': inputs, 'data_samples': samples}


@pytest.fixture(scope='module')
def trained() -> nn.Module:
    init_default_scope('mmvideomae')
    torch.manual_seed(0)
    model = MODELS.build(tiny_action_former(window=9))
    model.train()
    wrapper = OptimWrapper(torch.optim.AdamW(model.parameters(), lr=5e-3))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more only wait for one another at this size
    for step in range(120):
        model.train_step(batch(2 * step, 2 * step + 1), wrapper)
    torch.set_num_threads(threads)
    return model.eval()


def test_it_learns_and_tells_segments_in_seconds(trained: nn.Module) -> None:
    wanted = {'v0': [(0, 4, 12), (1, 20, 50)], 'v1': [(2, 10, 16), (0, 25, 38)]}
    with torch.no_grad():
        results = trained.test_step(batch(1000, 1001))
    for result in results:
        found = result.pred_instances
        assert found.scores.diff().le(0).all()
        for label, start, end in wanted[result.video_id]:
            best = found[found.labels == label]
            truth = [(step * 4 + 8) / 8 for step in (start, end)]
            assert best.scores[0] > 0.5
            assert best.segments[0].tolist() == pytest.approx(truth, abs=1.0)


def test_it_predicts_where_gradients_are_recorded_too(trained: nn.Module) -> None:
    with torch.no_grad():
        expected = trained.test_step(batch(1000, 1001))
    for one, other in zip(trained.test_step(batch(1000, 1001)), expected, strict=True):
        assert torch.equal(one.pred_instances.scores, other.pred_instances.scores)


def test_segments_are_cut_at_the_end_of_the_video(trained: nn.Module) -> None:
    data = batch(1000, 1001)
    data['data_samples'][0].set_metainfo({'duration': 20.0})
    with torch.no_grad():
        found = trained.test_step(data)[0].pred_instances
    assert found.segments.max().item() == 20 and found.segments.min().item() >= 0


def test_a_single_video_gives_what_it_gives_in_a_batch(trained: nn.Module) -> None:
    data = batch(1000, 1001)
    alone = {name: values[1:] for name, values in data.items()}
    with torch.no_grad():
        together = trained.test_step(data)[1].pred_instances.clone()
        single = trained.test_step(alone)[0].pred_instances
    assert torch.allclose(together.segments[:5], single.segments[:5], atol=1e-3)
    assert torch.allclose(together.scores[:5], single.scores[:5], atol=1e-4)


def test_videos_without_segments_and_longer_than_training_pass() -> None:
    model = MODELS.build(tiny_action_former())
    data = {'inputs': [torch.randn(12, 64)], 'data_samples': [sample('v', [], [])]}
    losses = model.train()(**model.data_preprocessor(data, True), mode='loss')
    assert set(losses) == {'loss_cls', 'loss_reg'} and losses['loss_reg'].item() == 0
    data['inputs'] = [torch.randn(12, 100)]
    logits, _, masks = model.eval()(**model.data_preprocessor(data), mode='tensor')
    # The divisor is 4 * 4: 4 steps of attention at a stride of 4.
    assert [len(level[0]) for level in logits] == [112, 56, 28]
    assert [int(mask.sum()) for mask in masks] == [100, 50, 25]


def test_it_trains_in_mixed_precision() -> None:
    model = MODELS.build(tiny_action_former()).train()
    data = model.data_preprocessor(batch(0, 1), True)
    torch.manual_seed(0)  # of drop path
    full = model(**data, mode='loss')
    model.loss.normaliser.fill_(100)
    torch.manual_seed(0)
    with torch.autocast('cpu', torch.bfloat16):
        mixed = model(**data, mode='loss')
    sum(mixed.values()).backward()
    for name, value in full.items():
        assert mixed[name].dtype == torch.float32
        assert mixed[name].item() == pytest.approx(value.item(), rel=0.05)
    gradients = [param.grad for param in model.parameters()]
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in gradients)


def test_a_class_agnostic_head_takes_its_classes_from_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / 'scores.json'
    file.write_text(json.dumps({'v0': [0.0, 0.2, 0.8], 'v1': [0.9, 0.0, 0.1]}))
    cfg = tiny_action_former(num_classes=1)
    cfg |= {'external_scores': {'path': str(file), 'top': 1}}
    cfg |= {'test_cfg': {'class_agnostic': True, 'voting_thresh': 0.9, 'sigma': 0.75}}
    model = MODELS.build(cfg)
    losses = model.train()(**model.data_preprocessor(batch(0, 1), True), mode='loss')
    assert losses['loss_reg'].item() > 0
    with torch.no_grad():
        found = [result.pred_instances for result in model.eval().test_step(batch(0, 1))]
    assert [set(each.labels.tolist()) for each in found] == [{2}, {0}]


def test_parts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    cfg = tiny_action_former()
    with pytest.raises(ValueError, match='3 levels need as many regression_ranges, got 2'):
        MODELS.build({**cfg, 'regression_ranges': [(0, 4), (4, 8)]})
    file = tmp_path / 'scores.json'
    file.write_text('{"v": [1.0]}')
    with pytest.raises(ValueError, match='cls_head with num_classes=1, not 3'):
        MODELS.build({**cfg, 'external_scores': {'path': str(file)}})
    with pytest.raises(ValueError, match='max_seq_len must be a multiple of 16, got 40'):
        MODELS.build({**cfg, 'data_preprocessor': {**cfg['data_preprocessor'], 'max_seq_len': 40}})
    model = MODELS.build(cfg)
    data = {'inputs': [torch.ones(5, 20)], 'data_samples': [sample('clip 7', [], [])]}
    with pytest.raises(ValueError, match=r"width 5, .* in_channels=12; videos \['clip 7'\]"):
        model.test_step(data)
    data = {'inputs': [torch.ones(12, 20)], 'data_samples': [sample('clip 7', [[2, 9]], [3])]}
    with pytest.raises(ValueError, match='clip 7 has label 3, but cls_head has num_classes=3'):
        model(**model.data_preprocessor(data, True), mode='loss')
    ready = model.data_preprocessor(batch(0, 1))
    with pytest.raises(ValueError, match="unknown mode 'guess'"):
        model(**ready, mode='guess')
    with pytest.raises(ValueError, match="mode 'loss' needs data_samples"):
        model(ready['inputs'], ready['masks'], mode='loss')


@pytest.mark.parametrize(('config', 'lr'), [(tiny_tri_det, 5e-3), (tiny_dy_fa_det, 1e-3)])
def test_the_parts_of_others_learn_in_it(config: Callable[[], dict[str, Any]], lr: float) -> None:
    torch.manual_seed(1)
    model = MODELS.build(config()).train()
    for gate in (each for each in model.modules() if isinstance(each, Gate)):
        nn.init.ones_(gate.gate_conv.bias)  # at this rate, gates that start half closed stay so
    wrapper = OptimWrapper(
        torch.optim.AdamW(model.parameters(), lr=lr), clip_grad={'max_norm': 1.0}
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for step in range(60):
        model.train_step(batch(2 * step, 2 * step + 1), wrapper)
    torch.set_num_threads(threads)
    with torch.no_grad():
        results = model.eval().test_step(batch(1000, 1001))
    wanted = {'v0': [(0, 4, 12), (1, 20, 50)], 'v1': [(2, 10, 16), (0, 25, 38)]}
    for result in results:
        found = result.pred_instances
        for label, start, end in wanted[result.video_id]:
            best = found[found.labels == label]
            truth = [(step * 4 + 8) / 8 for step in (start, end)]
            assert best.segments[0].tolist() == pytest.approx(truth, abs=1.5)


@pytest.mark.parametrize(
    ('part', 'key', 'value', 'message'),
    [
        ('neck', 'num_levels', 4, 'neck has num_levels=4, but the backbone has 3'),
        ('reg_head', 'num_levels', 2, 'reg_head has num_levels=2, but the backbone has 3'),
        ('neck', 'in_channels', 16, "neck has in_channels=16, but the backbone's width is 32"),
        ('cls_head', 'in_channels', 16, "cls_head has in_channels=16, but the neck's width is 32"),
        ('reg_head', 'in_channels', 16, "reg_head has in_channels=16, but the neck's width is 32"),
        ('loss', 'type', 'TridentLoss', r'TridentLoss does not fit .* DyFADetRegHead: use Segment'),
    ],
)
def test_parts_of_other_sizes_are_refused(part: str, key: str, value: Any, message: str) -> None:
    config = tiny_dy_fa_det()
    config[part] = {**config.get(part, {}), key: value}
    with pytest.raises(ValueError, match=message):
        MODELS.build(config)


def test_the_loss_of_one_distance_is_refused_for_those_of_each_class() -> None:
    with pytest.raises(
        ValueError, match=r'SegmentLoss does not fit .* TridentRegHead: use Trident'
    ):
        MODELS.build({**tiny_tri_det(), 'loss': {'type': 'SegmentLoss'}})


def test_heads_of_other_classes_are_refused() -> None:
    with pytest.raises(ValueError, match='cls_head has num_classes=3, but reg_head 4'):
        MODELS.build(tiny_tri_det(4))
