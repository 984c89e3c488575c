"""Tiny pretrainers whose target is the features of a teacher."""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmvideomae.registry import MODELS
from tests.support.models import GRID, tiny_videomae, tiny_vit

TEACHER_WIDTH = 24


@MODELS.register_module(force=True)
class TinyImageNetwork(BaseModule):
    """Frames (n, 3, H, W) -> maps (n, 24, H / 8, W / 8)."""

    embed_dims = TEACHER_WIDTH

    def __init__(self, init_cfg: dict[str, Any] | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.conv = nn.Conv2d(3, TEACHER_WIDTH, 8, 8)

    def forward(self, frames: Tensor) -> Tensor:
        return torch.tanh(self.conv(frames))


def teacher_vit(**changes: Any) -> dict[str, Any]:
    """A teacher of another width and depth than `tiny_vit`, for the same tokens."""
    arch = {'embed_dims': TEACHER_WIDTH, 'depth': 3, 'num_heads': 2}
    return {**tiny_vit(), 'arch': arch, **changes}


def tiny_latent(loss: str | float = 'smooth_l1', width: int = 24, **target: Any) -> dict[str, Any]:
    """A `MaskedPretrainer` of a `LatentTarget` of ``width`` values per token."""
    base = tiny_videomae(drop_path_rate=target.pop('drop_path_rate', 0.0))
    return {
        'type': 'MaskedPretrainer',
        'backbone': base['backbone'],
        'neck': {**base['neck'], 'grid_size': GRID},
        'head': {'type': 'ReconstructionHead', 'in_dims': 16, 'out_dims': width, 'loss': loss},
        'target': {'type': 'LatentTarget', **target},
    }
