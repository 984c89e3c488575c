"""What benchmarks offer to measure; imports nothing slow, since --help lists it."""

from dataclasses import dataclass
from typing import Any

DTYPES = {'fp32': 'float32', 'bf16': 'bfloat16', 'fp16': 'float16'}
"""Names of types in torch."""
OURS = ('dual', 'encoder-only')
THEIRS = ('hf-sdpa', 'hf-eager')
CONTRAST = ('mocov3',)
"""VideoMAE's baseline, which is measured when asked for."""


@dataclass(frozen=True)
class TrainingShape:
    """An encoder with the decoder of V2's released code (four blocks)."""

    arch: str | tuple[int, int, int]
    """A preset, or (width, depth, heads)."""
    embed_dims: int
    decoder_dims: int
    decoder_heads: int
    patch_size: int = 16
    mlp_ratio: float = 4.0


SHAPES = {
    'tiny': TrainingShape((32, 2, 2), 32, 16, 2),
    'small': TrainingShape('small', 384, 192, 3),
    'base': TrainingShape('base', 768, 384, 6),
    'large': TrainingShape('large', 1024, 512, 8),
    'huge': TrainingShape('huge', 1280, 512, 8),
    'giant': TrainingShape('giant', 1408, 512, 8, patch_size=14, mlp_ratio=48 / 11),
}
ARCHITECTURES: dict[str, Any] = {
    'tiny': {'embed_dims': 32, 'depth': 2, 'num_heads': 2},
    'small': 'small',
}
"""Encoders that are measured without training."""
