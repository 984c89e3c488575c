"""LoRA: learned changes of low rank to frozen weights of the attention (2106.09685)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmvideomae.models.layers.transformer import Attention
from mmvideomae.registry import TUNINGS

_PARTS = ('q', 'k', 'v')


class LowRankChange(nn.Module):
    """The change (3D, D) of the joint weights of queries, keys and values.

    For each chosen part it is ``scale * B A`` with A (rank, D), drawn as PyTorch draws linear
    layers, and B (D, rank), zero at first; for the others it is zero.
    """

    scale: Tensor

    def __init__(self, embed_dims: int, rank: int, alpha: float, parts: Sequence[str]) -> None:
        super().__init__()
        self.a = nn.ParameterDict({part: torch.empty(rank, embed_dims) for part in parts})
        self.b = nn.ParameterDict({part: torch.zeros(embed_dims, rank) for part in parts})
        # In files, from which the change is merged without a config.
        self.register_buffer('scale', torch.tensor(alpha / rank))
        for values in self.a.values():
            nn.init.kaiming_uniform_(values, a=math.sqrt(5))

    def forward(self) -> Tensor:
        """The change to the weights."""
        rows = {part: self.scale * (self.b[part] @ self.a[part]) for part in self.a}
        zero = torch.zeros_like(next(iter(rows.values())))
        return torch.cat([rows.get(part, zero) for part in _PARTS])


@TUNINGS.register_module()
class LoRA:
    """Learn a change of low rank to the weights of queries, keys or values of every block.

    The output does not change at first.  `merge_low_rank` adds the change to the weights, so that
    the tuned model costs as much as the original one.  There is no dropout: it would act on the
    input of the change alone, which is not computed apart from the weights.

    Args:
        rank: Rank of the change.
        alpha: The change is multiplied by ``alpha / rank``.
        parts: Some of 'q', 'k' and 'v'.

    Raises:
        ValueError: A part is unknown, or the rank is not positive.
    """

    def __init__(
        self, rank: int = 8, alpha: float | None = None, parts: Sequence[str] = ('q', 'v')
    ) -> None:
        if rank < 1 or not parts or set(parts) - set(_PARTS):
            raise ValueError(
                f'LoRA needs a positive rank and some of the parts q, k and v, got {rank} and '
                f'{tuple(parts)}'
            )
        self.rank, self.parts = rank, tuple(parts)
        self.alpha = float(rank if alpha is None else alpha)

    def add_to(self, backbone: nn.Module) -> None:
        """Add a change to each attention.

        Raises:
            ValueError: The backbone has no attention with joint weights.
        """
        found = [part for part in backbone.modules() if isinstance(part, Attention)]
        if not found:
            raise ValueError(f'{type(backbone).__name__} has no attention that LoRA can change')
        for attention in found:
            width = attention.qkv.in_features
            attention.low_rank = LowRankChange(width, self.rank, self.alpha, self.parts)


@torch.no_grad()
def merge_low_rank(model: nn.Module) -> None:
    """Add the changes of LoRA to the weights, and remove them; the outputs stay the same."""
    for part in model.modules():
        if isinstance(part, Attention) and part.low_rank is not None:
            part.qkv.weight += part.low_rank().to(part.qkv.weight)
            part.low_rank = None
