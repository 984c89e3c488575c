"""ActionFormer's encoder: features of clips -> a pyramid of feature sequences."""

import math
from collections.abc import Sequence
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers.local_transformer import LocalBlock
from mmvideomae.models.layers.masked_conv import ChannelNorm, MaskedConv1d, clear_biases
from mmvideomae.ops.positions import sinusoid_table
from mmvideomae.registry import MODELS


@MODELS.register_module()
class ActionFormerBackbone(BaseModule):
    """Convolutions and transformer blocks with local attention, the later ones strided.

    Features (B, in_channels, L), masks (B, 1, L) True at real steps -> for level
    ``l = 0 .. num_levels - 1`` features (B, D, L / 2 ** l) and masks.  (ActionFormer section 3.2.)

    Args:
        in_channels: Width of the features.
        embed_dims: Width D.
        num_heads: Number of attention heads.
        arch: Numbers of convolutions before the blocks, of blocks at full length, and of
            strided blocks, one for each further level.
        windows: Steps of local attention at each level, or one number for all; 1 or less is
            global attention.
        max_seq_len: Number of steps in the position table; longer sequences, allowed in
            evaluation only, stretch it.
        use_abs_pe: Add the fixed sinusoid after the convolutions.
        input_drop_rate: Share of whole feature channels dropped in training.
        drop_rate: Dropout in blocks.
        attn_drop_rate: Dropout of attention weights.
        drop_path_rate: Share of samples that skip a branch of a block, the same in all blocks.

    Raises:
        ValueError: The number of windows differs from that of levels.
    """

    def __init__(
        self,
        in_channels: int,
        embed_dims: int = 512,
        num_heads: int = 4,
        arch: tuple[int, int, int] = (2, 2, 5),
        windows: int | Sequence[int] = 19,
        max_seq_len: int = 2304,
        use_abs_pe: bool = False,
        input_drop_rate: float = 0.0,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        convs, full, levels = arch
        self.in_channels, self.embed_dims, self.max_seq_len = in_channels, embed_dims, max_seq_len
        self.num_levels, self.use_abs_pe = levels + 1, use_abs_pe
        self.windows = [windows] * (levels + 1) if isinstance(windows, int) else list(windows)
        if len(self.windows) != self.num_levels:
            raise ValueError(f'{self.num_levels} levels need as many windows, got {self.windows}')
        self.input_drop = nn.Dropout1d(input_drop_rate)
        widths = [in_channels] + [embed_dims] * convs
        self.embd = nn.ModuleList(
            MaskedConv1d(width, embed_dims, bias=False) for width in widths[:convs]
        )
        self.embd_norm = nn.ModuleList(ChannelNorm(embed_dims) for _ in range(convs))

        def block(level: int, stride: int) -> LocalBlock:
            window = self.windows[level]
            rates = (attn_drop_rate, drop_rate, drop_path_rate)
            return LocalBlock(embed_dims, num_heads, window, stride, *rates)

        self.stem = nn.ModuleList(block(0, 1) for _ in range(full))
        self.branch = nn.ModuleList(block(level, 2) for level in range(1, levels + 1))
        clear_biases(self)

    @property
    def strides(self) -> list[int]:
        """Distances between the steps of each level, in steps of the input."""
        return [2**level for level in range(self.num_levels)]

    @property
    def length_divisor(self) -> int:
        """The number of which lengths must be multiples, as in ActionFormer's padding.

        Each level requires its stride times twice ``window // 2``, or its stride alone with
        global attention.
        """
        parts = [
            stride * (window // 2) * 2 if window > 1 else stride
            for stride, window in zip(self.strides, self.windows, strict=True)
        ]
        return math.lcm(*parts)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        x = self.input_drop(x)
        for conv, norm in zip(self.embd, self.embd_norm, strict=True):
            x, mask = conv(x, mask)
            x = F.relu(norm(x))
        if self.use_abs_pe:
            x = x + self._positions(x) * mask
        for block in self.stem:
            x, mask = block(x, mask)
        outs, masks = [x], [mask]
        for block in self.branch:
            x, mask = block(x, mask)
            outs.append(x)
            masks.append(mask)
        return outs, masks

    def _positions(self, x: Tensor) -> Tensor:
        """The sinusoid (1, D, L) divided by sqrt(D), stretched for longer sequences."""
        length = x.shape[-1]
        if self.training and length > self.max_seq_len:
            raise ValueError(f'{length} steps in training, but max_seq_len is {self.max_seq_len}')
        table = sinusoid_table(self.max_seq_len, self.embed_dims).to(x.device)
        table = table.T[None] / self.embed_dims**0.5
        if length > self.max_seq_len:
            table = F.interpolate(table, size=length, mode='linear', align_corners=False)
        return table[..., :length].to(x.dtype)
