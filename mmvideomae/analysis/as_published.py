"""Compute as the released code does, for counting."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from mmvideomae.models.layers import Block, CubeEmbed
from mmvideomae.ops.tokens import gather_tokens


@contextmanager
def as_published(model: nn.Module) -> Iterator[None]:
    """Make ``model`` compute, and discard, what the released code computes and ours avoids.

    All tokens are embedded before the visible ones are selected, and a block of which some
    tokens are needed computes all (as counted in V2 Table 1).  Outputs are the same.
    """
    changed = [part for part in model.modules() if isinstance(part, (CubeEmbed, Block))]
    for part in changed:
        wrap = _embedding_all if isinstance(part, CubeEmbed) else _computing_all
        part.__dict__['forward'] = wrap(part.forward)
    try:
        yield
    finally:
        for part in changed:
            del part.__dict__['forward']


def _embedding_all(forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def embed(clips: Tensor, ids: Tensor | None = None) -> Tensor:
        tokens = forward(clips)
        return tokens if ids is None else gather_tokens(tokens, ids)

    return embed


def _computing_all(forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def compute(x: Tensor, num_queries: int | None = None, rotation: Any = None) -> Tensor:
        tokens = forward(x) if rotation is None else forward(x, rotation=rotation)
        return tokens if num_queries is None else tokens[:, -num_queries:]

    return compute
