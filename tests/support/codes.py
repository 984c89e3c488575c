"""Tiny parts around VIMPAC: clips of 4 frames of 32x32 pixels, 4x4 codes each of 16."""

from typing import Any, NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmvideomae.ops.codes import Vocabulary
from mmvideomae.registry import MODELS, TOKENIZERS

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
    """Config of an encoder of width 32 for clips of `CODE_GRID`."""
    return {'type': 'TinyCodeEncoder', 'grid_size': CODE_GRID, 'num_codes': NUM_CODES, **options}


class Features(NamedTuple):
    cls: Tensor
    tokens: Tensor


@MODELS.register_module(force=True)
class TinyCodeEncoder(BaseModule):
    """Codes (B, t, h, w) -> what all tokens have in common, and that added to each."""

    embed_dims, patch_size, tubelet_size = 32, 8, 1

    def __init__(
        self,
        grid_size: tuple[int, int, int],
        num_codes: int,
        out_type: str = 'cls',
        drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.grid_size, self.out_type = grid_size, out_type
        self.vocabulary = Vocabulary(num_codes)
        self.embedding = torch.nn.Embedding(self.vocabulary.size, 32)
        torch.nn.init.normal_(self.embedding.weight, std=0.02)
        self.positions = torch.nn.Parameter(0.02 * torch.randn(64, 32))
        self.mix, self.drop = torch.nn.Linear(32, 32), torch.nn.Dropout(drop)

    def forward(self, codes: Tensor) -> Any:
        tokens = self.drop(self.embedding(codes.flatten(1)) + self.positions)
        there = (codes != self.vocabulary.pad).flatten(1)[..., None]
        cls = self.mix((20 * tokens * there).sum(1) / there.sum(1)).relu()
        tokens = torch.nn.functional.layer_norm(tokens + cls[:, None], (32,))
        return {'cls': cls, 'tokens': tokens, 'all': Features(cls, tokens)}[self.out_type]
