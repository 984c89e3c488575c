"""Protects checkpoints of earlier versions: they load and give the same outputs as then.

The files in ``data/`` are from version 0.1 before its rooms were split: ``tools/train.py`` wrote
the checkpoints, with demo configs on synthetic data, networks narrowed to a width of 16 and
``default_hooks.checkpoint.save_optimizer=False``.  ``outputs.npz`` holds the outputs that the
functions below computed from them in that version, and the kind of processor.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmvideomae.apis import init_model
from mmvideomae.checkpoints import load_state_dict

DATA = Path(__file__).with_name('data')


def encoder(patch_size: int, **more: Any) -> dict[str, Any]:
    arch = {'embed_dims': 16, 'depth': 2, 'num_heads': 2}
    size = {'img_size': 32, 'patch_size': patch_size, 'num_frames': 8}
    return {'type': 'VideoMAEViT', 'arch': arch, **size, **more}


PRETRAINER = {
    'type': 'VideoMAE',
    'backbone': encoder(4),
    'neck': {
        'type': 'MAEDecoder',
        'in_dims': 16,
        'embed_dims': 16,
        'depth': 1,
        'num_heads': 2,
        'grid_size': (4, 8, 8),
    },
    'head': {
        'type': 'PixelReconstructionHead',
        'in_dims': 16,
        'patch_size': 4,
        'normalise': 'none',
    },
    'data_preprocessor': {'type': 'VideoMAEDataPreprocessor'},
}
CLASSIFIER = {
    'type': 'Recognizer3D',
    'backbone': encoder(4, out_type='avg'),
    'cls_head': {'type': 'LinearHead', 'num_classes': 4, 'in_channels': 16},
    'data_preprocessor': {'type': 'ClassificationDataPreprocessor'},
}
LOCALIZER = {
    'type': 'ActionFormer',
    'backbone': {
        'type': 'ActionFormerBackbone',
        'in_channels': 16,
        'embed_dims': 16,
        'num_heads': 2,
        'arch': (1, 1, 1),
        'windows': 9,
        'max_seq_len': 128,
    },
    'neck': {'type': 'IdentityFPN', 'in_channels': 16, 'num_levels': 2},
    'cls_head': {
        'type': 'ActionFormerClsHead',
        'num_classes': 4,
        'in_channels': 16,
        'hidden_channels': 16,
    },
    'reg_head': {
        'type': 'ActionFormerRegHead',
        'in_channels': 16,
        'hidden_channels': 16,
        'num_levels': 2,
    },
    'regression_ranges': ((0, 8), (8, 10000)),
    'data_preprocessor': {'type': 'FeatureDataPreprocessor', 'max_seq_len': 128},
}
DETECTOR = {
    'type': 'mmdet.FastRCNN',
    'backbone': encoder(8, out_type='featmap'),
    'roi_head': {
        'type': 'ActionRoIHead',
        'bbox_roi_extractor': {'type': 'ActionRoIAlign', 'output_size': 2, 'stride': 8},
        'bbox_head': {'type': 'ActionBoxHead', 'num_classes': 4, 'in_channels': 16},
    },
    'data_preprocessor': {'type': 'ActionBoxDataPreprocessor', 'pad_divisor': 8},
    'train_cfg': {'rcnn': {'max_boxes': 100, 'jitter': (0.2, 0.1, 0.1, 0.05)}},
    'test_cfg': {'rcnn': {'extend': (0.1, 0.05), 'multiply_box_score': True}},
}


def clips() -> Tensor:
    drawn = np.random.default_rng(0).integers(0, 256, (2, 3, 8, 32, 32))
    return torch.from_numpy(drawn).float() / 128 - 1


def reconstructed(model: nn.Module) -> Tensor:
    number = torch.arange(256)
    seen, asked = number % 4 == 0, number % 8 == 1
    masks = (~seen).expand(2, -1), (~asked).expand(2, -1)
    return torch.as_tensor(model.reconstruct(clips(), *masks)[0])


def classified(model: nn.Module) -> Tensor:
    return model.cls_head(model.backbone(clips()))


def localized(model: nn.Module) -> Tensor:
    drawn = np.random.default_rng(1).integers(-128, 128, (1, 16, 128))
    masks = (torch.arange(128) < 100)[None, None]
    logits, distances, _ = model(torch.from_numpy(drawn).float() / 64, masks)
    return torch.cat([part.flatten() for part in (*logits, *distances)])


def detected(model: nn.Module) -> Tensor:
    boxes = torch.tensor([[3.0, 2, 20, 31], [0, 9, 32, 23]])
    people = [InstanceData(bboxes=boxes[:1]), InstanceData(bboxes=boxes)]
    return model.roi_head(model.backbone(clips()), people, [])


KINDS: dict[str, tuple[dict[str, Any], Callable[[nn.Module], Tensor]]] = {
    'pretrained': (PRETRAINER, reconstructed),
    'finetuned': (CLASSIFIER, classified),
    'localizer': (LOCALIZER, localized),
    'detector': (DETECTOR, detected),
}


def output_of(kind: str) -> Tensor:
    """The output of a model with the weights of a file."""
    config, compute = KINDS[kind]
    model = init_model(Config({'model': config}), DATA / f'{kind}.pth', 'cpu')
    with torch.no_grad():
        return compute(model)


@pytest.mark.parametrize('kind', KINDS)
def test_outputs_are_those_of_the_version_that_wrote_the_file(kind: str) -> None:
    if kind == 'detector':
        pytest.importorskip('mmdet')
    with np.load(DATA / 'outputs.npz') as stored:
        expected, arithmetic = torch.from_numpy(stored[kind]), str(stored['arithmetic'])
    found = output_of(kind)
    if arithmetic == f'torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}':
        assert torch.equal(found, expected)
    else:  # another order of sums
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('kind', KINDS)
def test_every_weight_is_that_of_the_file(kind: str) -> None:
    path = DATA / f'{kind}.pth'
    written = torch.load(path, map_location='cpu', weights_only=False)['state_dict']
    read = load_state_dict(path)
    assert list(read) == list(written)
    assert all(torch.equal(read[key], written[key]) for key in written)
