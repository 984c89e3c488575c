"""ActionFormer's encoder: features of clips -> a pyramid of feature sequences."""

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from mmvideomae.models.backbones.temporal_pyramid import TemporalPyramid
from mmvideomae.models.layers.local_transformer import LocalBlock
from mmvideomae.models.layers.masked_conv import LAYER_NORM_EPS, clear_biases
from mmvideomae.registry import MODELS


@MODELS.register_module()
class ActionFormerBackbone(TemporalPyramid):
    """Convolutions and transformer blocks with local attention, the later ones strided.

    Features (B, in_channels, L), masks (B, 1, L) True at real steps -> for level
    ``l = 0 .. num_levels - 1`` features (B, D, L / 2 ** l) and masks.  (ActionFormer section 3.2.)

    Args:
        in_channels: Width of the features.
        embed_dims: Width D.
        num_heads: Number of attention heads.
        windows: Steps of local attention at each level, or one number for all; 1 or less is
            global attention.
        input_drop_rate: Share of whole feature channels dropped in training.
        drop_rate: Dropout in blocks.
        attn_drop_rate: Dropout of attention weights.
        drop_path_rate: Share of samples that skip a branch of a block, the same in all blocks.
        arch, max_seq_len, use_abs_pe, norm_eps, clear_padding: See `TemporalPyramid`.

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
        norm_eps: float = LAYER_NORM_EPS,
        clear_padding: bool = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            embed_dims,
            arch,
            max_seq_len,
            use_abs_pe,
            norm_eps,
            clear_padding,
            init_cfg,
        )
        self.windows = [windows] * self.num_levels if isinstance(windows, int) else list(windows)
        if len(self.windows) != self.num_levels:
            raise ValueError(f'{self.num_levels} levels need as many windows, got {self.windows}')
        self.input_drop = nn.Dropout1d(input_drop_rate)

        def block(level: int, stride: int) -> LocalBlock:
            window = self.windows[level]
            rates = (attn_drop_rate, drop_rate, drop_path_rate)
            return LocalBlock(embed_dims, num_heads, window, stride, *rates)

        self.stem = nn.ModuleList(block(0, 1) for _ in range(arch[1]))
        self.branch = nn.ModuleList(block(level, 2) for level in range(1, self.num_levels))
        clear_biases(self)

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
        return super().forward(self.input_drop(x), mask)
