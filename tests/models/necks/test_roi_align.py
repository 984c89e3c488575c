"""Contract: box features equal those of mmcv's RoIAlign, without a compiled mmcv."""

import subprocess
import sys

import pytest
import torch
from torch import Tensor

from mmvideomae.models.necks import ActionRoIAlign


def feature_map(seed: int = 0, size: tuple[int, int] = (9, 13)) -> Tensor:
    """(2, 6, 3, h, w)."""
    return torch.randn(2, 6, 3, *size, generator=torch.Generator().manual_seed(seed))


def rois(stride: int, size: tuple[int, int] = (9, 13)) -> Tensor:
    """(n, 5): inside, across every border, the whole map, less than a step, outside."""
    height, width = (side * stride for side in size)
    boxes = [
        [0, 0.3 * width, 0.2 * height, 0.7 * width, 0.9 * height],
        [1, -0.2 * width, 0.5 * height, 0.4 * width, 1.3 * height],
        [1, 0.6 * width, -0.4 * height, 1.5 * width, 0.3 * height],
        [0, 0, 0, width, height],
        [1, 11.2, 17.9, 13.4, 18.6],
        [0, 2 * width, 2 * height, 3 * width, 3 * height],
    ]
    return torch.tensor(boxes)


@pytest.mark.parametrize('aligned', [False, True])
@pytest.mark.parametrize('sampling_ratio', [0, 1, 2, 3])
@pytest.mark.parametrize(('output_size', 'stride'), [(1, 16), (3, 8), (7, 16), (7, 14), (8, 16)])
def test_features_are_those_of_mmcv(
    output_size: int, stride: int, sampling_ratio: int, aligned: bool
) -> None:
    RoIAlign = pytest.importorskip('mmcv.ops', reason='needs the detection level').RoIAlign

    extract = ActionRoIAlign(output_size, stride, sampling_ratio, aligned)
    theirs = RoIAlign(output_size, 1 / stride, sampling_ratio, 'avg', aligned)
    for size in ((9, 13), (14, 14), (5, 2)):
        feats, boxes = feature_map(size=size), rois(stride, size)
        found = extract(feats, boxes)
        assert found.shape == (len(boxes), 6, output_size, output_size)
        torch.testing.assert_close(found, theirs(feats.mean(2), boxes), rtol=0, atol=1e-5)


def test_time_is_pooled_before() -> None:
    feats, boxes = feature_map(), rois(16)
    for pool, plane in (('mean', feats.mean(2)), ('max', feats.amax(2))):
        single = ActionRoIAlign()(plane[:, :, None], boxes)
        torch.testing.assert_close(ActionRoIAlign(temporal_pool=pool)(feats, boxes), single)
    assert not torch.equal(feats.mean(2), feats.amax(2))
    with pytest.raises(ValueError, match="unknown temporal_pool 'avg'"):
        ActionRoIAlign(temporal_pool='avg')


def test_autocast_changes_nothing() -> None:
    feats, boxes = feature_map().bfloat16(), rois(16)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = ActionRoIAlign()(feats, boxes)
    assert found.dtype == torch.float32
    assert torch.equal(found, ActionRoIAlign()(feats.float(), boxes))


def test_no_boxes_give_no_features_and_gradients_of_zero() -> None:
    feats = feature_map().requires_grad_()
    found = ActionRoIAlign()(feats, torch.zeros(0, 5))
    assert found.shape == (0, 6, 7, 7)
    found.sum().backward()
    assert not feats.grad.any()


@pytest.mark.slow
def test_detection_but_for_fast_rcnn_runs_without_operators_of_mmcv_and_without_mmdet() -> None:
    code = """
import sys
for name in ('mmcv.ops', 'mmcv._ext', 'mmdet'):
    sys.modules[name] = None
from mmvideomae.registry import MODELS
from mmvideomae.analysis.box_batch import box_batch
from tests.support.detectors import tiny_roi_head
from tests.support.models import tiny_vit
prepare = MODELS.build({'type': 'ActionBoxDataPreprocessor', 'pad_divisor': 8})
backbone, roi_head = MODELS.build(tiny_vit('featmap')), MODELS.build(tiny_roi_head())
batch = prepare(box_batch((2, 1)), True)
samples = batch['data_samples']
proposals = [sample.proposals for sample in samples]
feats = backbone(batch['inputs'])
roi_head.loss(feats, proposals, samples)['loss_action'].backward()
print([tuple(found.scores.shape) for found in roi_head.predict(feats, proposals, samples)])
"""
    command = [sys.executable, '-W', 'ignore', '-c', code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == '[(2, 4), (1, 4)]'
