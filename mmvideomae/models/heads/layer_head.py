"""Predict the features of several layers of a teacher, each from a layer of the student."""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmvideomae.models.heads.reconstruction_head import ReconstructionHead
from mmvideomae.models.layers import init_transformer
from mmvideomae.models.layers.transformer import LAYER_NORM_EPS
from mmvideomae.registry import MODELS


@MODELS.register_module()
class LayerHead(BaseModule):
    """Tokens (B, M, L * D) of L layers -> predictions (B, M, L * P), a linear map for each layer.

    The loss is that of `ReconstructionHead`, averaged over the layers; with 'cosine', each layer
    has its own angle (UMT, AMD).

    Args:
        in_dims: D.
        layer_dims: P.
        num_layers: L.
        norm: End each map with a layer norm (UMT).
    """

    def __init__(
        self,
        in_dims: int,
        layer_dims: int,
        num_layers: int,
        loss: str | float = 'mse',
        norm: bool = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_dims, self.layer_dims = in_dims, layer_dims
        self.out_dims = num_layers * layer_dims
        self.layers = nn.ModuleList(
            ReconstructionHead(in_dims, layer_dims, loss) for _ in range(num_layers)
        )
        self.norms = nn.ModuleList(
            nn.LayerNorm(layer_dims, eps=LAYER_NORM_EPS) if norm else nn.Identity()
            for _ in range(num_layers)
        )
        init_transformer(self.norms, 'xavier')

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, M, L * D) -> (B, M, L * P)."""
        parts = tokens.split(self.in_dims, -1)
        layers = zip(self.norms, self.layers, parts, strict=True)
        return torch.cat([norm(layer(part)) for norm, layer, part in layers], -1)

    def loss(self, pred: Tensor, target: Tensor, counted: Tensor | None = None) -> Tensor:
        """See `ReconstructionHead.loss`; the mean over the layers."""
        pairs = zip(
            self.layers,
            pred.split(self.layer_dims, -1),
            target.split(self.layer_dims, -1),
            strict=True,
        )
        return torch.stack([layer.loss(p, t, counted) for layer, p, t in pairs]).mean()
