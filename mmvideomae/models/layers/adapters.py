"""Adapters: small trained modules between or beside the frozen layers of a transformer block."""

from typing import Any

from torch import Tensor, nn

from mmvideomae.models.layers.transformer import Block, scaled
from mmvideomae.ops.positions import Grid
from mmvideomae.ops.rotary import Rotation
from mmvideomae.registry import TUNINGS


class AdaptedBlock(Block):
    """A block that keeps the layers of another, under their names, and gets adapters.

    Attributes:
        grid: The token grid (t, h, w) of the current clips, set by the backbone.
    """

    grid: Grid | None = None

    def __init__(self, block: Block) -> None:
        nn.Module.__init__(self)
        self.with_cp = block.with_cp
        for name, layer in block.named_children():
            self.add_module(name, layer)
        self.gamma_1, self.gamma_2 = block.gamma_1, block.gamma_2

    def _forward(self, x: Tensor, num_queries: int | None, rotation: Rotation | None) -> Tensor:
        if num_queries is not None:
            raise ValueError('adapters need all tokens of a block')
        x = self.attended(x, rotation)
        return x + self.drop_path(scaled(self.mlp(self.norm2(x)), self.gamma_2)) + self.beside(x)

    def attended(self, x: Tensor, rotation: Rotation | None) -> Tensor:
        """The stream after the attention."""
        return x + self.drop_path(scaled(self.attn(self.norm1(x), None, rotation), self.gamma_1))

    def beside(self, x: Tensor) -> Tensor | float:
        """What is added to the MLP's output."""
        return 0.0


class Bottleneck(nn.Module):
    """(B, N, D) -> (B, N, D): down, an activation and up; zero at first."""

    def __init__(
        self, embed_dims: int, hidden_dims: int, act: nn.Module, drop: float = 0.0
    ) -> None:
        super().__init__()
        self.down, self.act = nn.Linear(embed_dims, hidden_dims), act
        self.drop, self.up = nn.Dropout(drop), nn.Linear(hidden_dims, embed_dims)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.up(self.drop(self.act(self.down(x))))


class SpaceTimeAdapter(nn.Module):
    """(B, N, D) -> (B, N, D): down, a depth-wise convolution and up; zero at first."""

    def __init__(self, embed_dims: int, hidden_dims: int, kernel: tuple[int, int, int]) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(embed_dims, hidden_dims), nn.Linear(hidden_dims, embed_dims)
        padding = tuple(size // 2 for size in kernel)
        self.conv = nn.Conv3d(hidden_dims, hidden_dims, kernel, 1, padding, groups=hidden_dims)
        for values in (self.conv.weight, self.conv.bias, self.down.bias, self.up.bias):
            nn.init.zeros_(values)

    def forward(self, x: Tensor, grid: Grid) -> Tensor:
        y = self.down(x).transpose(1, 2).unflatten(2, grid)
        return self.up(self.conv(y).flatten(2).transpose(1, 2))


class STAdapterBlock(AdaptedBlock):
    """A block with space-time adapters before its MLP, and possibly before its attention."""

    def __init__(self, block: Block, hidden_dims: int, kernel: Any, twice: bool) -> None:
        super().__init__(block)
        width = block.norm1.normalized_shape[0]
        self.adapter_1 = SpaceTimeAdapter(width, hidden_dims, kernel) if twice else None
        self.adapter_2 = SpaceTimeAdapter(width, hidden_dims, kernel)

    def attended(self, x: Tensor, rotation: Rotation | None) -> Tensor:
        """The stream with both adapters applied."""
        if self.adapter_1 is not None:
            x = x + self.adapter_1(x, self.grid)
        x = super().attended(x, rotation)
        return x + self.adapter_2(x, self.grid)


class AIMBlock(AdaptedBlock):
    """A block whose attention is used once more over time, with adapters at three places."""

    def __init__(self, block: Block, ratio: float, scale: float, before: bool) -> None:
        super().__init__(block)
        width = block.norm1.normalized_shape[0]
        hidden = int(width * ratio)
        self.scale = scale
        self.adapter_before = Bottleneck(width, hidden, nn.GELU()) if before else None
        self.adapter_time = Bottleneck(width, hidden, nn.GELU())
        self.adapter_space = Bottleneck(width, hidden, nn.GELU())
        self.adapter_mlp = Bottleneck(width, hidden, nn.GELU())

    def attended(self, x: Tensor, rotation: Rotation | None) -> Tensor:
        """The stream after the attention over time and the block's own attention."""
        if rotation is not None or self.grid is None:
            raise ValueError('AIM needs a backbone without rotary positions')
        slots, places = self.grid[0], self.grid[1] * self.grid[2]
        y = self.norm1(x).unflatten(1, (slots, places)).transpose(1, 2).flatten(0, 1)
        if self.adapter_before is not None:
            y = y + self.adapter_before(y)
        y = self.adapter_time(self.attn(y)).unflatten(0, (len(x), places)).transpose(1, 2)
        x = x + self.drop_path(y.flatten(1, 2))
        y = self.attn(self.norm1(x))
        return x + self.drop_path(scaled(y + self.adapter_space(y), self.gamma_1))

    def beside(self, x: Tensor) -> Tensor:
        """The adapter beside the MLP."""
        return self.drop_path(self.scale * self.adapter_mlp(self.norm2(x)))


class AdaptFormerBlock(AdaptedBlock):
    """A block with an adapter beside its MLP, which sees the stream before the norm."""

    def __init__(self, block: Block, hidden_dims: int, scale: float, drop_rate: float) -> None:
        super().__init__(block)
        self.scale = scale
        width = block.norm1.normalized_shape[0]
        self.adapter_mlp = Bottleneck(width, hidden_dims, nn.ReLU(), drop_rate)
        nn.init.kaiming_uniform_(self.adapter_mlp.down.weight, a=5**0.5)
        nn.init.zeros_(self.adapter_mlp.down.bias)

    def beside(self, x: Tensor) -> Tensor:
        """The adapter beside the MLP."""
        return self.scale * self.adapter_mlp(x)


class Adapters:
    """Replaces the blocks of a backbone by adapted ones; the output does not change at first.

    Attributes:
        layers: Numbers of the blocks to replace, from 0; None: all.
    """

    layers: tuple[int, ...] | None = None

    def add_to(self, backbone: nn.Module) -> None:
        """Replace the blocks.

        Raises:
            ValueError: The backbone has no blocks that can be adapted, or not those of ``layers``.
        """
        name, blocks = type(self).__name__, getattr(backbone, 'blocks', None)
        if not isinstance(blocks, nn.ModuleList) or not all(isinstance(b, Block) for b in blocks):
            raise ValueError(f'{type(backbone).__name__} has no blocks for {name}')
        chosen = range(len(blocks)) if self.layers is None else self.layers
        if absent := sorted(set(chosen) - set(range(len(blocks)))):
            raise ValueError(
                f'{name} has layers {absent}, but the blocks are 0 to {len(blocks) - 1}'
            )
        for number in chosen:
            blocks[number] = self.adapted(blocks[number])
        backbone.register_forward_pre_hook(_tell_grid, with_kwargs=True)

    def adapted(self, block: Block) -> AdaptedBlock:
        """The block with its adapters."""
        raise NotImplementedError


@TUNINGS.register_module()
class STAdapter(Adapters):
    """ST-Adapter: depth-wise convolutions over time in a bottleneck (2206.13559).

    Args:
        hidden_dims: Width of the bottleneck.
        kernel: Of the convolution, (time, height, width).
        twice: Before the attention too, as for Something-Something; otherwise before the MLP only.
    """

    def __init__(
        self,
        hidden_dims: int = 384,
        kernel: tuple[int, int, int] = (3, 1, 1),
        twice: bool = False,
    ) -> None:
        self.hidden_dims, self.kernel, self.twice = hidden_dims, tuple(kernel), twice

    def adapted(self, block: Block) -> AdaptedBlock:
        """The block with one or two adapters."""
        return STAdapterBlock(block, self.hidden_dims, self.kernel, self.twice)


@TUNINGS.register_module()
class AIM(Adapters):
    """AIM: the attention used again over time, and adapters for time, space and MLP (2302.03024).

    The paper adapts image models, whose attention is that of a frame; here it is the block's own,
    joint in space and time.  Positions in time are those of the backbone.

    Args:
        ratio: Width of the bottlenecks by that of the tokens.
        scale: Of the adapter beside the MLP: 0.5 for Kinetics, 1 for Something-Something.
        before: Another adapter before the attention over time, as for Something-Something.
    """

    def __init__(self, ratio: float = 0.25, scale: float = 0.5, before: bool = False) -> None:
        self.ratio, self.scale, self.before = ratio, scale, before

    def adapted(self, block: Block) -> AdaptedBlock:
        """The block with three or four adapters."""
        return AIMBlock(block, self.ratio, self.scale, self.before)


@TUNINGS.register_module()
class AdaptFormer(Adapters):
    """AdaptFormer: an adapter beside the MLP (2205.13535).

    Args:
        hidden_dims: Width of the bottleneck.
        scale: Of the adapter's output.
        drop_rate: Dropout in the bottleneck.
    """

    def __init__(self, hidden_dims: int = 64, scale: float = 0.1, drop_rate: float = 0.1) -> None:
        self.hidden_dims, self.scale, self.drop_rate = hidden_dims, scale, drop_rate

    def adapted(self, block: Block) -> AdaptedBlock:
        """The block with its adapter."""
        return AdaptFormerBlock(block, self.hidden_dims, self.scale, self.drop_rate)


def _tell_grid(backbone: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Give the blocks the token grid of the clips that a backbone is about to encode."""
    clips = args[0] if args else kwargs['clips']
    if kwargs.get('visible_ids', args[1] if len(args) > 1 else None) is not None:
        raise ValueError('adapters need all tokens: omit visible_ids')
    frames = clips.shape[2] if clips.ndim == 5 else 1
    grid = backbone.grid_of(max(frames, backbone.tubelet_size), *clips.shape[-2:])
    for block in backbone.blocks:
        block.grid = grid
