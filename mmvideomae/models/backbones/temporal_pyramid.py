"""What encoders of feature sequences share: convolutions, then blocks of which some are strided."""

from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers.masked_conv import LAYER_NORM_EPS, ChannelNorm, MaskedConv1d
from mmvideomae.ops.positions import sinusoid_table


class TemporalPyramid(BaseModule):
    """Features (B, in_channels, L) -> a pyramid of feature sequences.

    A subclass adds ``stem``, blocks at full length, and ``branch``, a strided block for each
    further level; a block is ``forward(x, mask)`` -> the same after its stride.

    Args:
        arch: Numbers of convolutions before the blocks, of blocks at full length, and of
            strided blocks.
        max_seq_len: Number of steps in the position table; longer sequences, allowed in
            evaluation only, stretch it.
        use_abs_pe: Add the fixed sinusoid after the convolutions.
        norm_eps: Of the norms after the convolutions; 1e-6 in OpenTAD.
        clear_padding: Set padding to 0 again after these norms, as OpenTAD does.
    """

    stem: nn.ModuleList
    branch: nn.ModuleList

    def __init__(
        self,
        in_channels: int,
        embed_dims: int,
        arch: tuple[int, int, int],
        max_seq_len: int,
        use_abs_pe: bool = False,
        norm_eps: float = LAYER_NORM_EPS,
        clear_padding: bool = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels, self.embed_dims, self.max_seq_len = in_channels, embed_dims, max_seq_len
        self.num_levels, self.use_abs_pe = arch[2] + 1, use_abs_pe
        self.clear_padding = clear_padding
        widths = [in_channels] + [embed_dims] * arch[0]
        self.embd = nn.ModuleList(
            MaskedConv1d(width, embed_dims, bias=False) for width in widths[: arch[0]]
        )
        self.embd_norm = nn.ModuleList(ChannelNorm(embed_dims, norm_eps) for _ in self.embd)

    @property
    def strides(self) -> list[int]:
        """Distances between the steps of each level, in steps of the input."""
        return [2**level for level in range(self.num_levels)]

    def forward(self, x: Tensor, mask: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        for conv, norm in zip(self.embd, self.embd_norm, strict=True):
            x, mask = conv(x, mask)
            x = F.relu(norm(x))
            x = x * mask if self.clear_padding else x
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
