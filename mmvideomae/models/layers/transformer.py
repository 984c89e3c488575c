"""The pre-norm transformer block of VideoMAE (V1 section 3.3, joint space-time attention)."""

import math
from collections.abc import Iterable

import torch
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from mmvideomae.ops.rotary import Rotation, rotate

LAYER_NORM_EPS = 1e-6


class Attention(nn.Module):
    """Joint space-time self-attention, (B, N, D) -> (B, N, D).

    Queries and values have a learned bias.  Keys have none, since it would shift
    all scores of a query equally and cancel in the softmax, unless queries and keys
    are rotated by their positions.

    Args:
        qkv_bias: Whether there are biases.
        key_bias: Keys have a bias too; the three are then one, ``qkv.bias``.

    Attributes:
        low_rank: The change that `LoRA` adds to the weights of ``qkv``, if it does.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        qkv_bias: bool = True,
        attn_drop_rate: float = 0.0,
        drop_rate: float = 0.0,
        key_bias: bool = False,
    ) -> None:
        super().__init__()
        if embed_dims % num_heads:
            raise ValueError(f'a width of {embed_dims} does not divide into {num_heads} heads')
        self.num_heads = num_heads
        self.attn_drop_rate = attn_drop_rate
        self.qkv = nn.Linear(embed_dims, 3 * embed_dims, bias=qkv_bias and key_bias)
        apart = qkv_bias and not key_bias
        self.q_bias = nn.Parameter(torch.zeros(embed_dims)) if apart else None
        self.v_bias = nn.Parameter(torch.zeros(embed_dims)) if apart else None
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.proj_drop = nn.Dropout(drop_rate)
        self.low_rank: nn.Module | None = None

    def forward(
        self, x: Tensor, num_queries: int | None = None, rotation: Rotation | None = None
    ) -> Tensor:
        """Attend from the last ``num_queries`` tokens (all by default) to all tokens.

        Args:
            rotation: Of queries and keys by the positions of the N tokens.

        Returns:
            (B, num_queries, D).
        """
        q, k, v = self._project(x, num_queries)
        if rotation is not None:
            q, k = rotate(q, rotation.last(q.shape[2])), rotate(k, rotation)
        drop = self.attn_drop_rate if self.training else 0.0
        out = F.scaled_dot_product_attention(q, k, v, dropout_p=drop)
        return self.proj_drop(self.proj(out.transpose(1, 2).flatten(2)))

    def attention_of(self, x: Tensor, rotation: Rotation | None = None) -> Tensor:
        """How each token attends to all tokens, (B, N, D) -> (B, heads, N, N); for pictures."""
        q, k, _ = self._project(x, None)
        if rotation is not None:
            q, k = rotate(q, rotation), rotate(k, rotation)
        return (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(-1)

    def _project(self, x: Tensor, num_queries: int | None) -> tuple[Tensor, Tensor, Tensor]:
        """(B, N, D) -> queries of the last tokens, keys and values, each (B, heads, n, d)."""
        bias = self.qkv.bias
        if self.q_bias is not None:
            bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        weight = self.qkv.weight if self.low_rank is None else self.qkv.weight + self.low_rank()
        if num_queries is None:
            return self._heads(F.linear(x, weight, bias), 3)
        # Slice only here: in the backward pass each slice costs a zeroed copy of its source.
        width = self.proj.in_features
        weights = weight.split([width, 2 * width])
        biases = (None, None) if bias is None else bias.split([width, 2 * width])
        (q,) = self._heads(F.linear(x[:, -num_queries:], weights[0], biases[0]), 1)
        return q, *self._heads(F.linear(x, weights[1], biases[1]), 2)

    def _heads(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        """(B, N, parts * D) -> ``parts`` tensors (B, heads, N, d)."""
        split = x.unflatten(2, (parts, self.num_heads, -1))
        return split.permute(2, 0, 3, 1, 4).unbind(0)


class Mlp(nn.Module):
    """Two linear layers with an exact GELU between, (B, N, D) -> (B, N, D)."""

    def __init__(self, embed_dims: int, hidden_dims: int, drop_rate: float = 0.0) -> None:
        super().__init__()
        self.fc1 = nn.Linear(embed_dims, hidden_dims)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden_dims, embed_dims)
        self.drop = nn.Dropout(drop_rate)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(self.fc2(self.act(self.fc1(x))))


class Block(nn.Module):
    """Attention and MLP, each with a norm and a skip connection, (B, N, D) -> (B, N, D).

    Args:
        init_values: Initial layer scale; no layer scale if 0.
        with_cp: Recompute activations in the backward pass instead of storing them.
        key_bias: See `Attention`.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        init_values: float = 0.0,
        with_cp: bool = False,
        key_bias: bool = False,
        norm_eps: float = LAYER_NORM_EPS,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.norm1 = nn.LayerNorm(embed_dims, eps=norm_eps)
        self.attn = Attention(embed_dims, num_heads, qkv_bias, attn_drop_rate, drop_rate, key_bias)
        self.norm2 = nn.LayerNorm(embed_dims, eps=norm_eps)
        self.mlp = Mlp(embed_dims, int(embed_dims * mlp_ratio), drop_rate)
        self.drop_path = DropPath(drop_path_rate) if drop_path_rate else nn.Identity()
        scale = init_values * torch.ones(embed_dims)
        self.gamma_1 = nn.Parameter(scale.clone()) if init_values else None
        self.gamma_2 = nn.Parameter(scale.clone()) if init_values else None

    def forward(
        self, x: Tensor, num_queries: int | None = None, rotation: Rotation | None = None
    ) -> Tensor:
        """Return only the last ``num_queries`` tokens if that is given."""
        if self.with_cp and torch.is_grad_enabled():
            return checkpoint(self._forward, x, num_queries, rotation, use_reentrant=False)
        return self._forward(x, num_queries, rotation)

    def _forward(self, x: Tensor, num_queries: int | None, rotation: Rotation | None) -> Tensor:
        attended = self.attn(self.norm1(x), num_queries, rotation)
        if num_queries is not None:
            x = x[:, -num_queries:]
        x = x + self.drop_path(scaled(attended, self.gamma_1))
        return x + self.drop_path(scaled(self.mlp(self.norm2(x)), self.gamma_2))


def scaled(x: Tensor, gamma: Tensor | None) -> Tensor:
    """Apply a layer scale, if there is one."""
    return x if gamma is None else x * gamma


def init_transformer(module: nn.Module, scheme: str) -> None:
    """Initialise every linear layer and layer norm in ``module``.

    Args:
        scheme: 'xavier' (pre-training), 'trunc_normal' with deviation 0.02 (fine-tuning) or
            'normal' with deviation 0.02 (VIMPAC).  Convolutions keep PyTorch's own initialisation,
            as in the released code.
    """
    initialise = {
        'xavier': nn.init.xavier_uniform_,
        'trunc_normal': lambda weight: nn.init.trunc_normal_(weight, std=0.02),
        'normal': lambda weight: nn.init.normal_(weight, std=0.02),
    }
    if scheme not in initialise:
        raise ValueError(f'unknown initialisation {scheme!r}; choose one of {sorted(initialise)}')
    for part in module.modules():
        if any(param.is_meta for param in part.parameters(recurse=False)):
            continue  # meta tensors have no values to initialise, and pretending is slow
        if isinstance(part, nn.Linear):
            initialise[scheme](part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.LayerNorm):
            nn.init.ones_(part.weight)
            nn.init.zeros_(part.bias)


def shrink_residuals(blocks: Iterable[nn.Module]) -> None:
    """Divide the last weights of the attention and MLP of block k = 1, 2, ... by sqrt(2k).

    V-JEPA does this after its initialisation, so that the sum of the residuals does not grow with
    the depth.
    """
    for number, block in enumerate(blocks, 1):
        for name, param in block.named_parameters():
            if name in ('attn.proj.weight', 'mlp.fc2.weight'):
                param.data.div_(math.sqrt(2 * number))
