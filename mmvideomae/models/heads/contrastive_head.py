"""The head for features that are compared between clips."""

from collections import OrderedDict
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmvideomae.models.layers import SharedBatchNorm1d, init_transformer
from mmvideomae.ops.contrast import pair_loss
from mmvideomae.registry import MODELS


@MODELS.register_module()
class ContrastiveHead(BaseModule):
    """CLS features (B, D) -> (B, D') by linear layers, with a ReLU after all but the last.

    Batch norm before each ReLU spans all processes; the last layer has neither bias nor norm
    (VIMPAC appendix A.2; as in SimCLR).

    Args:
        in_dims: D.
        hidden_dims: Width between the layers; 2048 for small models, 4096 for large ones.
        num_layers: Number of linear layers; 2 for small models, 3 for large ones.
        out_dims: D'.
        temperature: Also multiplies the loss, which smooths training (section 3.3).
    """

    def __init__(
        self,
        in_dims: int,
        hidden_dims: int = 2048,
        num_layers: int = 2,
        out_dims: int = 256,
        temperature: float = 0.2,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if num_layers < 1 or temperature <= 0:
            raise ValueError(
                f'num_layers and temperature must be positive, got {num_layers} and {temperature}'
            )
        self.temperature = temperature
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        width = in_dims
        for number in range(num_layers - 1):
            layers[f'linear_{number}'] = nn.Linear(width, hidden_dims)
            layers[f'bn_{number}'] = SharedBatchNorm1d(hidden_dims)
            layers[f'act_{number}'] = nn.ReLU()
            width = hidden_dims
        layers[f'linear_{num_layers - 1}'] = nn.Linear(width, out_dims, bias=False)
        self.mlp = nn.Sequential(layers)
        init_transformer(self, 'normal')

    def forward(self, cls: Tensor) -> Tensor:
        """(B, D) -> (B, D')."""
        return self.mlp(cls)

    def loss(self, features: Tensor) -> Tensor:
        """Features (2n, D'), the clips of a video adjacent -> temperature * (L + L').

        If all similarities are equal, that is ``temperature * 2 * ln(2n - 1)`` for the n videos of
        all processes.

        Raises:
            ValueError: There are not two clips of each video, or there is only one video.
        """
        if len(features) % 2:
            raise ValueError(
                f'a contrastive loss needs two clips of each video, but there are {len(features)} '
                'clips in all: set num_clips=2 in the sampling step'
            )
        return self.temperature * pair_loss(features[0::2], features[1::2], self.temperature)
