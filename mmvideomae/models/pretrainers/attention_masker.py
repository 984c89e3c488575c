"""Keep the tokens visible that a teacher attends to (UMT)."""

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmvideomae.ops.positions import Grid
from mmvideomae.registry import MODELS


@MODELS.register_module()
class AttentionMasker(BaseModule):
    """Draw the visible tokens of each slot by the attention that its teacher pays to them.

    ``h * w - int(ratio * h * w)`` tokens of a slot are drawn without replacement, with
    probabilities proportional to the attention of the class token in the teacher's last block, or
    the mean attention of all tokens if it has no class token.

    Args:
        target: Name of the `LatentTarget` whose teacher attends.
        ratio: Share of hidden tokens.

    Raises:
        ValueError: The ratio is outside (0, 1).
    """

    def __init__(self, target: str, ratio: float = 0.8) -> None:
        super().__init__()
        if not 0 < ratio < 1:
            raise ValueError(f'ratio must lie in (0, 1), got {ratio}')
        self.target, self.ratio = target, ratio

    def forward(self, attention: Tensor, grid: Grid) -> Tensor:
        """Attention (B, N) to the tokens of a grid -> ascending visible ids (B, n)."""
        slots, each = grid[0], grid[1] * grid[2]
        # A slack as in masking.count_dropped, since ratios are decimal numbers.
        kept = each - int(self.ratio * each + 1e-9)
        weights = attention.float().reshape(-1, each).clamp(min=1e-12)
        drawn = torch.multinomial(weights, kept).reshape(-1, slots, kept)
        first = torch.arange(slots, device=attention.device)[:, None] * each
        return (drawn + first).flatten(1).sort(1).values
