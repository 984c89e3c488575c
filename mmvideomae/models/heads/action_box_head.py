"""Classify the actions of a person, possibly several at once, from the features of a box."""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.registry import MODELS

SPATIAL_POOLS = ('max', 'mean')
INITS = ('scaled', 'xavier')
REDUCTIONS = ('sum', 'mean')


@MODELS.register_module()
class ActionBoxHead(BaseModule):
    """RoI features (n, D, s, s) -> logits (n, K) in float32, with independent classes.

    One linear layer on the maximum over a box.

    Args:
        num_classes: K, without the background.
        in_channels: D.
        background: Add a first row to the layer, for a class that is neither trained nor
            returned, as in mmaction2's detectors.
        dropout_ratio: Dropout of the features.
        dropout_before_pool: Drop independently in every cell of a box instead of after pooling.
        spatial_pool: 'max' or 'mean' over the cells of a box.
        init: 'scaled', a normal distribution with deviation 0.02, times ``init_scale``; or
            'xavier', Xavier's normal distribution; the bias is 0.
        init_scale: See ``init``; VideoMAE uses 0.001.
        loss_reduction: Reduction of the binary cross entropy: 'sum' over boxes of the mean over
            classes, which grows with the number of people, as in VideoMAE; or 'mean' over both.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        background: bool = False,
        dropout_ratio: float = 0.0,
        dropout_before_pool: bool = True,
        spatial_pool: str = 'max',
        init: str = 'scaled',
        init_scale: float = 0.001,
        loss_reduction: str = 'sum',
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        for name, value, known in (
            ('spatial_pool', spatial_pool, SPATIAL_POOLS),
            ('init', init, INITS),
            ('loss_reduction', loss_reduction, REDUCTIONS),
        ):
            if value not in known:
                raise ValueError(f'unknown {name} {value!r}; choose one of {known}')
        if num_classes < 1:
            raise ValueError(f'num_classes must be at least 1, got {num_classes}')
        self.num_classes, self.background = num_classes, background
        self.spatial_pool, self.loss_reduction = spatial_pool, loss_reduction
        self.dropout = nn.Dropout(dropout_ratio)
        self.dropout_before_pool = dropout_before_pool
        self.fc_cls = nn.Linear(in_channels, num_classes + background)
        # Done here because a detector whose own init_cfg is 'Pretrained' does not call its parts'
        # init_weights.
        if init == 'xavier':
            nn.init.xavier_normal_(self.fc_cls.weight)
        else:
            nn.init.trunc_normal_(self.fc_cls.weight, std=0.02)
            self.fc_cls.weight.data.mul_(init_scale)
        nn.init.zeros_(self.fc_cls.bias)

    def forward(self, x: Tensor) -> Tensor:
        """RoI features (n, D, s, s) -> logits (n, K)."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            if self.dropout_before_pool:
                x = self.dropout(x)
            pool = F.adaptive_max_pool2d if self.spatial_pool == 'max' else F.adaptive_avg_pool2d
            x = pool(x, 1).flatten(1)
            if not self.dropout_before_pool:
                x = self.dropout(x)
            return self.fc_cls(x)[:, int(self.background) :]

    def loss(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Binary cross entropy; without boxes, it is 0 and so are its gradients.

        Args:
            logits: (n, K).
            labels: (n, K), 1 for true classes and 0 for the rest.
        """
        total = F.binary_cross_entropy_with_logits(logits, labels.to(logits), reduction='sum')
        shares = logits.shape[1]
        if self.loss_reduction == 'mean':
            shares *= max(len(logits), 1)
        return {'loss_action': total / shares}
