"""The head that predicts masked codes."""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers import init_transformer
from mmvideomae.registry import MODELS


@MODELS.register_module()
class MaskedCodeHead(BaseModule):
    """Masked tokens (M, D) -> logits (M, V) over a vocabulary (VIMPAC appendix A.2; BERT's head).

    The last weight is the backbone's embedding.  It is passed to each call, so it has one owner and
    one name in a checkpoint.

    Args:
        in_dims: D.
        vocab: V, rows of the embedding.
    """

    def __init__(self, in_dims: int, vocab: int, init_cfg: dict[str, Any] | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.transform = nn.Sequential(
            nn.Linear(in_dims, in_dims), nn.GELU(), nn.LayerNorm(in_dims, eps=1e-12)
        )
        self.bias = nn.Parameter(torch.zeros(vocab))
        init_transformer(self, 'normal')

    def forward(self, tokens: Tensor, embedding: Tensor) -> Tensor:
        """(M, D), embedding (V, D) -> (M, V)."""
        return F.linear(self.transform(tokens), embedding, self.bias)

    def loss(self, logits: Tensor, codes: Tensor, count: Tensor | None = None) -> Tensor:
        """Cross entropy of logits (M, V) and codes (M,), summed and divided by ``count``.

        Args:
            count: Scalar; the default is M.  The loss of no tokens is 0.
        """
        with torch.autocast(logits.device.type, enabled=False):
            precise = torch.promote_types(logits.dtype, torch.float32)
            total = F.cross_entropy(logits.to(precise), codes, reduction='sum')
            return total / (max(len(codes), 1) if count is None else count.clamp(min=1))
