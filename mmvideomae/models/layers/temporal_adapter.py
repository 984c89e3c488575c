"""TIA, the temporal-informative adapters of AdaTAD, which connect the clips of a window."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmvideomae.models.layers.adapters import AdaptedBlock, Adapters
from mmvideomae.models.layers.transformer import Block
from mmvideomae.ops.positions import Grid
from mmvideomae.ops.rotary import Rotation
from mmvideomae.registry import TUNINGS

Apply = Callable[..., Any]


class TemporalAdapter(nn.Module):
    """A bottleneck with convolutions along time: ``gamma * up(a + pointwise(depthwise(a)))``.

    ``a`` is ``gelu(down(x))``, see `hidden`.  Zero at first.
    """

    def __init__(self, embed_dims: int, hidden_dims: int, kernel: int) -> None:
        super().__init__()
        self.down, self.act = nn.Linear(embed_dims, hidden_dims), nn.GELU()
        self.depthwise = nn.Conv1d(hidden_dims, hidden_dims, kernel, groups=hidden_dims)
        self.pointwise = nn.Conv1d(hidden_dims, hidden_dims, 1)
        self.up = nn.Linear(hidden_dims, embed_dims)
        self.gamma = nn.Parameter(torch.ones(1))
        nn.init.trunc_normal_(self.down.weight, std=0.02)
        nn.init.normal_(self.depthwise.weight, std=math.sqrt(2 / kernel))
        nn.init.normal_(self.pointwise.weight, std=math.sqrt(2 / hidden_dims))
        nn.init.zeros_(self.up.weight)
        for layer in (self.down, self.depthwise, self.pointwise, self.up):
            nn.init.zeros_(layer.bias)

    @property
    def reach(self) -> int:
        """Number of slots on either side that a slot sees."""
        return self.depthwise.kernel_size[0] // 2

    def hidden(self, x: Tensor, slots: int) -> Tensor:
        """Tokens (B, N, D) -> (B, slots, N / slots, hidden_dims)."""
        return self.act(self.down(x)).unflatten(1, (slots, -1))

    def forward(
        self, hidden: Tensor, before: Tensor | None = None, after: Tensor | None = None
    ) -> Tensor:
        """Hidden values (B, t, n, d) -> what is added to the tokens, (B, t, n, D).

        Args:
            before: The ``reach`` slots before, (B, reach, n, d); zero if absent.
            after: Those after.
        """
        border = hidden.new_zeros(())
        shape = (len(hidden), self.reach, *hidden.shape[2:])
        sides = [border.expand(shape) if side is None else side for side in (before, after)]
        padded = torch.cat([sides[0], hidden, sides[1]], 1)
        series = self.depthwise(padded.permute(0, 2, 3, 1).flatten(0, 1))
        mixed = self.pointwise(series).unflatten(0, (len(hidden), -1)).permute(0, 3, 1, 2)
        return self.gamma * self.up(hidden + mixed)


class TIABlock(AdaptedBlock):
    """A block with a temporal adapter after its MLP; alone, it takes each clip as a window."""

    def __init__(self, block: Block, ratio: float, kernel: int) -> None:
        super().__init__(block)
        width = block.norm1.normalized_shape[0]
        self.adapter = TemporalAdapter(width, int(width * ratio), kernel)

    def _forward(self, x: Tensor, num_queries: int | None, rotation: Rotation | None) -> Tensor:
        x, hidden = self.local(x, num_queries, rotation)
        return x + self.adapter(hidden).flatten(1, 2)

    def local(
        self, x: Tensor, num_queries: int | None = None, rotation: Rotation | None = None
    ) -> tuple[Tensor, Tensor]:
        """The part within clips: tokens (B, N, D) -> the same, and the adapter's hidden values."""
        if self.grid is None:
            raise ValueError('a temporal adapter needs the token grid, which its backbone sets')
        x = super()._forward(x, num_queries, rotation)
        return x, self.adapter.hidden(x, self.grid[0])


def through_blocks(
    blocks: Iterable[nn.Module], streams: list[Tensor], grid: Grid, apply: Apply
) -> list[Tensor]:
    """Pass a window through blocks in groups of clips, which only temporal adapters connect.

    Args:
        blocks: Those of a vision transformer.
        streams: The tokens of consecutive groups, (clips, N, D) each; the list is overwritten.
        grid: The token grid of a clip.
        apply: Calls a function with arguments; for example, it recomputes instead of storing.
    """
    for block in blocks:
        if isinstance(block, AdaptedBlock):
            block.grid = grid
        if isinstance(block, TIABlock):
            _through_adapted(block, streams, apply)
            continue
        for number, x in enumerate(streams):
            streams[number] = apply(block, x)
    return streams


def _through_adapted(block: TIABlock, streams: list[Tensor], apply: Apply) -> None:
    hidden: list[Tensor] = []
    for number, x in enumerate(streams):
        streams[number], inner = apply(block.local, x)
        # The clips of a group follow one another, so their slots are one series.
        hidden.append(inner.flatten(0, 1)[None])
    reach = block.adapter.reach
    if len(hidden) > 1 and (slots := min(inner.shape[1] for inner in hidden)) < reach:
        raise ValueError(
            f'temporal adapters see {reach} slots before and after, but clips passed together '
            f'have only {slots}: pass more at a time or use a smaller kernel'
        )
    for number, x in enumerate(streams):
        sides = hidden[number - 1] if number else None, (hidden[number + 1 :] or [None])[0]
        before, after = sides
        before = None if before is None else before[:, before.shape[1] - reach :]
        after = None if after is None else after[:, :reach]
        added = apply(block.adapter, hidden[number], before, after)
        streams[number] = x + added.reshape(x.shape)


@TUNINGS.register_module()
class TIA(Adapters):
    """AdaTAD's temporal-informative adapters after the MLPs (2311.17241).

    In `EndToEndLocalizer`, the convolutions cross the clips of a window; elsewhere each clip is
    a window of its own.

    Args:
        ratio: Width of the bottleneck by that of the tokens.
        kernel: Slots that the depth-wise convolution covers, an odd number.
        layers: Numbers of the blocks that get an adapter, from 0; None: all.

    Raises:
        ValueError: The kernel is even or not positive.
    """

    def __init__(
        self, ratio: float = 0.25, kernel: int = 3, layers: Sequence[int] | None = None
    ) -> None:
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f'kernel must be odd and positive, got {kernel}')
        self.ratio, self.kernel = ratio, kernel
        self.layers = None if layers is None else tuple(layers)

    def adapted(self, block: Block) -> AdaptedBlock:
        """The block with its adapter."""
        return TIABlock(block, self.ratio, self.kernel)
