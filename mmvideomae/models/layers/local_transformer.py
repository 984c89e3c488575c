"""ActionFormer's transformer block over padded feature sequences (its section 3.2)."""

from torch import Tensor, nn

from mmvideomae.models.layers.masked_conv import AffineDropPath, ChannelNorm, MaskedConv1d
from mmvideomae.ops.local_attention import attend, attend_locally


class ConvAttention(nn.Module):
    """Multi-head attention whose queries, keys and values come from depth-wise convolutions.

    (B, C, L), mask (B, 1, L) -> (B, C, L / stride) and its mask.

    Args:
        window: A step attends to steps at most ``window // 2`` away, measured after the stride;
            to all steps if the window is 1 or less.
        stride: Stride of the convolutions.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window: int,
        stride: int = 1,
        attn_drop_rate: float = 0.0,
        drop_rate: float = 0.0,
    ) -> None:
        super().__init__()
        if channels % num_heads:
            raise ValueError(f'a width of {channels} does not divide into {num_heads} heads')
        self.num_heads, self.window, self.attn_drop_rate = num_heads, window, attn_drop_rate

        def depthwise() -> MaskedConv1d:
            return MaskedConv1d(channels, channels, 3, stride, groups=channels, bias=False)

        self.query_conv, self.key_conv, self.value_conv = depthwise(), depthwise(), depthwise()
        self.query_norm, self.key_norm = ChannelNorm(channels), ChannelNorm(channels)
        self.value_norm = ChannelNorm(channels)
        self.query, self.key, self.value, self.proj = (
            nn.Conv1d(channels, channels, 1) for _ in range(4)
        )
        self.proj_drop = nn.Dropout(drop_rate)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        queries, out_mask = self.query_conv(x, mask)
        queries = self.query(self.query_norm(queries))
        keys = self.key(self.key_norm(self.key_conv(x, mask)[0]))
        values = self.value(self.value_norm(self.value_conv(x, mask)[0]))
        q, k, v = (self._heads(part) for part in (queries, keys, values))
        drop, valid = self.attn_drop_rate if self.training else 0.0, out_mask[:, 0]
        if self.window <= 1:
            out = attend(q, k, v, valid, drop)
        else:
            out = attend_locally(q, k, v, valid, self.window, drop)
        out = self.proj(out.transpose(2, 3).flatten(1, 2))
        return self.proj_drop(out) * out_mask, out_mask

    def _heads(self, x: Tensor) -> Tensor:
        """(B, C, L) -> (B, heads, L, d)."""
        return x.unflatten(1, (self.num_heads, -1)).transpose(2, 3)


class LocalBlock(nn.Module):
    """Attention and MLP, each with a norm and a skip connection; see `ConvAttention`.

    The skip of a strided block takes the maximum of neighbouring steps.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window: int,
        stride: int = 1,
        attn_drop_rate: float = 0.0,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__()
        self.ln1, self.ln2 = ChannelNorm(channels), ChannelNorm(channels)
        self.attn = ConvAttention(channels, num_heads, window, stride, attn_drop_rate, drop_rate)
        self.pool_skip = nn.Identity()
        if stride > 1:
            self.pool_skip = nn.MaxPool1d(stride + 1, stride, padding=(stride + 1) // 2)
        self.mlp = nn.Sequential(
            nn.Conv1d(channels, 4 * channels, 1),
            nn.GELU(),
            nn.Dropout(drop_rate),
            nn.Conv1d(4 * channels, channels, 1),
            nn.Dropout(drop_rate),
        )
        self.drop_path_attn = AffineDropPath(channels, drop_path_rate)
        self.drop_path_mlp = AffineDropPath(channels, drop_path_rate)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        attended, out_mask = self.attn(self.ln1(x), mask)
        x = self.pool_skip(x) * out_mask + self.drop_path_attn(attended)
        return x + self.drop_path_mlp(self.mlp(self.ln2(x)) * out_mask), out_mask
