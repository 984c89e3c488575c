"""The projector and the predictor of MoCo v3."""

from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmvideomae.models.layers import SharedBatchNorm1d
from mmvideomae.registry import MODELS


@MODELS.register_module()
class NormalizedMLP(BaseModule):
    """Features (B, D) -> (B, D') by linear layers without bias, each followed by batch norm.

    A ReLU follows all but the last, whose norm has no parameters.  Batch norm spans all processes.
    (MoCo v3 section 4.2; its projector has three layers and its predictor two.)

    Args:
        in_dims: D.
        hidden_dims: Width between the layers.
        out_dims: D'.
        num_layers: Number of linear layers.

    Raises:
        ValueError: There are no layers.
    """

    def __init__(
        self,
        in_dims: int,
        hidden_dims: int = 4096,
        out_dims: int = 256,
        num_layers: int = 3,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if num_layers < 1:
            raise ValueError(f'num_layers must be positive, got {num_layers}')
        self.out_dims = out_dims
        widths = [in_dims, *[hidden_dims] * (num_layers - 1), out_dims]
        layers: list[nn.Module] = []
        for number in range(num_layers):
            is_last = number == num_layers - 1
            layers.append(nn.Linear(widths[number], widths[number + 1], bias=False))
            layers.append(SharedBatchNorm1d(widths[number + 1], affine=not is_last))
            if not is_last:
                layers.append(nn.ReLU())
        self.layers = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) -> (B, D')."""
        return self.layers(features)
