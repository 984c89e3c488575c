"""What encoders of other libraries share as backbones."""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmvideomae.ops.frame_preparation import FramePreparation


class ForeignEncoder(BaseModule):
    """An encoder of another library, which keeps its own names of weights and its preparation.

    It is built with random weights; `init_weights` of the subclass reads its own.

    Args:
        model: The encoder.
        embed_dims: Width of its tokens.
        num_frames: Frames of the clips that it is made for.
        preprocessing: How its frames are prepared.  Recognizers and `FeatureExtractor` follow it.
        frozen: Disable gradients and dropout, for example under a probe.
    """

    def __init__(
        self,
        model: nn.Module,
        embed_dims: int,
        num_frames: int,
        preprocessing: FramePreparation,
        frozen: bool,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.model: Any = model
        self.embed_dims, self.num_frames = embed_dims, num_frames
        self.preprocessing, self.frozen = preprocessing, frozen
        if frozen:
            self.requires_grad_(False)

    def train(self, mode: bool = True) -> 'ForeignEncoder':
        """Set training mode; a frozen encoder stays in evaluation mode."""
        return super().train(mode and not self.frozen)

    def require_size(self, clips: Tensor) -> None:
        """Refuse clips (B, C, T, H, W) of a size for which the encoder has no positions."""
        size = self.preprocessing.size
        if clips.shape[3:] != torch.Size([size, size]):
            raise ValueError(
                f'the encoder takes {size}x{size} pixels, but clips have '
                f'{clips.shape[3]}x{clips.shape[4]}: set the crop size of the pipeline to {size}'
            )
