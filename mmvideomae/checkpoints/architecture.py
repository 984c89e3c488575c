"""What the shapes of weights say about the network they belong to."""

from dataclasses import dataclass, fields

from mmvideomae.checkpoints.completeness import PATCH_EMBED, numbered
from mmvideomae.checkpoints.head_rows import BOX_HEAD, HEAD
from mmvideomae.checkpoints.names import Weights

NUM_HEADS = {192: 3, 384: 6, 512: 8, 640: 8, 768: 12, 1024: 16, 1280: 16, 1408: 16}
"""Attention heads by width, of the published encoders and decoders (V1 Table 8, V2 Table 7)."""


@dataclass(frozen=True)
class Architecture:
    """Sizes of an encoder, and of a decoder and a classifier where there are such."""

    width: int
    depth: int
    hidden: int | None
    """Units between the two layers of an MLP."""
    patch_size: int
    tubelet_size: int
    in_channels: int
    decoder_width: int | None = None
    decoder_depth: int | None = None
    decoder_hidden: int | None = None
    num_classes: int | None = None
    """Rows of the head; mmaction2's detectors have one of the background among them."""

    def differences(self, other: 'Architecture') -> list[str]:
        """Where the encoders differ: ``'width 384 against 768'``."""
        encoder = fields(self)[:6]
        pairs = [(f.name, getattr(self, f.name), getattr(other, f.name)) for f in encoder]
        return [
            f'{name.replace("_", " ")} {mine} against {theirs}'
            for name, mine, theirs in pairs
            if mine != theirs and None not in (mine, theirs)
        ]


def architecture_of(weights: Weights) -> Architecture | None:
    """Read the sizes off weights under our names; None where there is no such encoder."""
    kernel = weights.get(PATCH_EMBED)
    if kernel is None or kernel.ndim != 5:
        return None
    width, channels, tubelet, patch, _ = kernel.shape
    embed = weights.get('neck.embed.weight')
    classes = weights.get(HEAD, weights.get(BOX_HEAD))
    return Architecture(
        width=width,
        depth=len(numbered(weights, 'backbone.blocks')),
        hidden=_hidden(weights, 'backbone.blocks'),
        patch_size=patch,
        tubelet_size=tubelet,
        in_channels=channels,
        decoder_width=None if embed is None else embed.shape[0],
        decoder_depth=None if embed is None else len(numbered(weights, 'neck.blocks')),
        decoder_hidden=None if embed is None else _hidden(weights, 'neck.blocks'),
        num_classes=None if classes is None else classes.shape[0],
    )


def _hidden(weights: Weights, part: str) -> int | None:
    weight = weights.get(f'{part}.0.mlp.fc1.weight')
    return None if weight is None else weight.shape[0]
