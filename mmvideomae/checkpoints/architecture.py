"""Infer the sizes of a network from the shapes of its weights."""

from dataclasses import dataclass, fields

from mmvideomae.checkpoints.completeness import (
    CODE_EMBED,
    PATCH_EMBED,
    code_attentions,
)
from mmvideomae.checkpoints.head_rows import BOX_HEAD, HEAD
from mmvideomae.checkpoints.names import Weights, numbered

NUM_HEADS = {192: 3, 384: 6, 512: 8, 640: 8, 768: 12, 1024: 16, 1280: 16, 1408: 16}
"""Attention heads of the published encoders and decoders, by width (V1 Table 8, V2 Table 7)."""
VJEPA2_HEADS = NUM_HEADS | {1408: 22}
"""The same for the encoders of V-JEPA 2."""


@dataclass(frozen=True)
class Architecture:
    """Sizes of an encoder, and of a decoder and a classifier if there are any."""

    width: int
    depth: int
    hidden: int | None
    """Hidden units of an MLP."""
    patch_size: int
    tubelet_size: int
    in_channels: int
    decoder_width: int | None = None
    decoder_depth: int | None = None
    decoder_hidden: int | None = None
    num_classes: int | None = None
    """Rows of the head; in mmaction2's detectors, one of them is the background."""

    def differences(self, other: 'Architecture') -> list[str]:
        """Differences of the encoders, such as ``'width 384 against 768'``."""
        return _differences(self, other, [field.name for field in fields(self)[:6]])


@dataclass(frozen=True)
class CodeArchitecture:
    """Sizes of a VIMPAC encoder."""

    width: int
    depth: int
    hidden: int | None
    codes: int
    """Rows of the embedding, including special ids."""
    attentions: str
    """The numbers of parallel attentions in a layer, in order, such as '1+2'."""
    attention_width: int | None

    def differences(self, other: 'CodeArchitecture') -> list[str]:
        """As `Architecture.differences`."""
        return _differences(self, other, [field.name for field in fields(self)])


def _differences(mine: object, other: object, names: list[str]) -> list[str]:
    pairs = [(name, getattr(mine, name), getattr(other, name)) for name in names]
    return [
        f'{name.replace("_", " ")} {ours} against {theirs}'
        for name, ours, theirs in pairs
        if ours != theirs and None not in (ours, theirs)
    ]


def architecture_of(weights: Weights) -> Architecture | None:
    """Infer sizes from weights with our names; None if there is no such encoder."""
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


def published_heads(weights: Weights) -> int | None:
    """Attention heads of the published encoder of this kind and width; None if there is none."""
    sizes = architecture_of(weights)
    known = VJEPA2_HEADS if 'backbone.blocks.0.attn.qkv.bias' in weights else NUM_HEADS
    return None if sizes is None else known.get(sizes.width)


def code_architecture_of(weights: Weights) -> CodeArchitecture | None:
    """Infer sizes from weights with our names; None if there is no encoder of codes."""
    embedding = weights.get('backbone.embedding.weight')
    if CODE_EMBED not in weights or embedding is None:
        return None
    output = weights.get('backbone.blocks.0.attns.0.proj.weight')
    return CodeArchitecture(
        width=embedding.shape[1],
        depth=len(numbered(weights, 'backbone.blocks')),
        hidden=_hidden(weights, 'backbone.blocks'),
        codes=embedding.shape[0],
        attentions='+'.join(map(str, code_attentions(weights))),
        attention_width=None if output is None else output.shape[1],
    )


def _hidden(weights: Weights, part: str) -> int | None:
    weight = weights.get(f'{part}.0.mlp.fc1.weight')
    return None if weight is None else weight.shape[0]
