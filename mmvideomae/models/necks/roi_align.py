"""Features of boxes in a feature map of a clip."""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torchvision.ops import roi_align

from mmvideomae.registry import MODELS

TEMPORAL_POOLS = ('mean', 'max')


@MODELS.register_module()
class ActionRoIAlign(BaseModule):
    """Feature map (B, D, t, h, w), boxes (n, 5) -> (n, D, output_size, output_size).

    The map is pooled over time and the boxes are sampled by torchvision's RoIAlign, which does not
    need compiled mmcv.  It runs in float32 even under autocast, since boxes need the precision.

    Args:
        output_size: Cells per side.
        stride: Pixels per step of the feature map: the patch size of the encoder.
        sampling_ratio: Points per side of a cell; 0 uses the number of steps of the map in it.
        aligned: Shift boxes by half a step, so that the centre of a patch is its position; False
            in VideoMAE's released code, True in mmaction2's.
        temporal_pool: 'mean' or 'max'.
    """

    def __init__(
        self,
        output_size: int = 7,
        stride: int = 16,
        sampling_ratio: int = 0,
        aligned: bool = False,
        temporal_pool: str = 'mean',
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if temporal_pool not in TEMPORAL_POOLS:
            raise ValueError(
                f'unknown temporal_pool {temporal_pool!r}; choose one of {TEMPORAL_POOLS}'
            )
        self.output_size, self.stride = output_size, stride
        self.sampling_ratio, self.aligned = sampling_ratio, aligned
        self.temporal_pool = temporal_pool

    def forward(self, feats: Tensor, rois: Tensor) -> Tensor:
        """Sample boxes.

        Args:
            feats: (B, D, t, h, w).
            rois: (n, 5): number of the clip in the batch, then xyxy in pixels of the clip.
        """
        with torch.autocast(feats.device.type, enabled=False):
            feats = feats.float()
            plane = feats.mean(2) if self.temporal_pool == 'mean' else feats.amax(2)
            return roi_align(
                plane,
                rois.float(),
                self.output_size,
                spatial_scale=1 / self.stride,
                sampling_ratio=self.sampling_ratio,
                aligned=self.aligned,
            )
