"""Tiny parts for VIMPAC: clips of 4 frames of 32x32 pixels, each with 4x4 codes out of 16."""

from typing import Any

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import Tensor

from mmvideomae.registry import DATASETS, TOKENIZERS

NUM_CODES = 16
CODE_GRID = (4, 4, 4)


@TOKENIZERS.register_module(force=True)
class BrightnessTokenizer(BaseModule):
    """The code of a square is its mean brightness, in 16 steps; `calls` counts frames."""

    num_codes, factor = NUM_CODES, 8

    def __init__(self, name: str = 'brightness') -> None:
        super().__init__()
        self.name = name
        self.steps = torch.nn.Parameter(torch.tensor(float(NUM_CODES)))
        self.calls: list[int] = []

    def encode(self, frames: Tensor) -> Tensor:
        assert not self.training
        assert frames.dtype == torch.float32
        self.calls.append(len(frames))
        means = torch.nn.functional.avg_pool2d(frames.mean(1), self.factor)
        return (means * self.steps).long().clamp(max=NUM_CODES - 1)

    def decode(self, codes: Tensor) -> Tensor:
        bright = (codes + 0.5) / NUM_CODES
        return bright.repeat_interleave(8, 1).repeat_interleave(8, 2)[:, None].expand(-1, 3, -1, -1)

    def fingerprint(self) -> str:
        return self.name


@DATASETS.register_module(force=True)
class ToyCodes(torch.utils.data.Dataset):
    """Two clips of codes of each video under masks, a function of (seed, epoch, index).

    Args:
        size: Rows and columns of codes.
    """

    def __init__(self, length: int = 12, size: int = 4) -> None:
        self.length, self.size = length, size
        # Shared, so that persistent workers learn of a new epoch.
        self.key = torch.zeros(2, dtype=torch.int64).share_memory_()

    def __len__(self) -> int:
        return self.length

    def fingerprint(self) -> str:
        return f'{self.length} videos'

    def set_epoch(self, seed: int, epoch: int) -> None:
        self.key[:] = torch.tensor([seed, epoch])

    def __getitem__(self, index: int) -> dict[str, Any]:
        rng = np.random.default_rng([*self.key.tolist(), index])
        codes = rng.integers(0, NUM_CODES, (2, 4, self.size, self.size), np.int16)
        masks = rng.random((2, codes[0].size)) < rng.uniform(0.1, 0.3)
        padding = np.arange(4) >= rng.integers(2, 5, (2, 1))
        return {
            'codes': torch.from_numpy(codes),
            'encoder_mask': torch.from_numpy(masks),
            'pad_mask': torch.from_numpy(padding),
            'data_samples': ActionDataSample(metainfo={'filename': f'{index}.mp4'}),
        }


def tiny_vimpac(**options: Any) -> dict[str, Any]:
    """Config of a ``VIMPAC`` with both heads and a tokenizer."""
    return {
        'type': 'VIMPAC',
        'backbone': tiny_code_encoder(),
        'head': {'type': 'MaskedCodeHead'},
        'contrast': {'type': 'ContrastiveHead', 'hidden_dims': 16, 'out_dims': 8},
        'data_preprocessor': {
            'type': 'CodeDataPreprocessor',
            'tokenizer': {'type': 'BrightnessTokenizer'},
        },
        **options,
    }


def tiny_code_encoder(**options: Any) -> dict[str, Any]:
    """Config of a two-layer ``FactorizedVideoTransformer`` of width 32, without dropout."""
    return {
        'type': 'FactorizedVideoTransformer',
        'arch': {'embed_dims': 32, 'depth': 2, 'num_heads': 2},
        'grid_size': CODE_GRID,
        'drop_rate': 0.0,
        'attn_drop_rate': 0.0,
        **options,
    }


def tiny_code_recognizer(num_classes: int = 3, **options: Any) -> dict[str, Any]:
    """Config of a ``Recognizer3D`` around ``tiny_code_encoder``, with a tokenizer."""
    return {
        'type': 'Recognizer3D',
        'backbone': tiny_code_encoder(out_type='cls', num_codes=NUM_CODES),
        'cls_head': {'type': 'LinearHead', 'num_classes': num_classes, 'init_scale': 0.0},
        'data_preprocessor': {
            'type': 'CodeClassificationPreprocessor',
            'tokenizer': {'type': 'BrightnessTokenizer'},
        },
        'test_cfg': {'max_testing_views': 4},
        **options,
    }


def code_test_pipeline(clips: int = 2, **options: Any) -> list[dict[str, Any]]:
    """From a video file to pixels, three crops of clips of 4 frames at 5 per second."""
    sample = {'type': 'SampleFps', 'clip_len': 4, 'fps': 5, 'num_clips': clips, 'test_mode': True}
    crops = {'positions': ['top', 'centre', 'bottom'], 'test_mode': True}
    return [
        {'type': 'OpenVideo'},
        {**sample, **options},
        {'type': 'ReadFrames'},
        {'type': 'DiagonalCrop', 'size': 32, **crops},
        {'type': 'PackClips'},
    ]
