"""Image transformers of timm, applied to every frame of a clip."""

from typing import Any

import timm
from mmengine.model import BaseModule
from timm.models import load_checkpoint
from torch import Tensor, nn

from mmvideomae.registry import MODELS


@MODELS.register_module()
class TimmFrameBackbone(BaseModule):
    """Clips (B, C, T, H, W) -> tokens (B, T * h * w, D) of a vision transformer of timm.

    Frames do not see each other; class and register tokens are left out.

    Args:
        name: timm's name of the model, such as 'vit_base_patch16_224.mae'.
        img_size: Side of the frames in pixels, for which timm resizes the position table; by
            default that of the model.
        pretrained: Let timm download the weights, or find them in its cache.
        keep_head: Keep the model's head, such as CLIP's projection, as ``model.head``; ``forward``
            does not use it.
        frozen: Disable gradients.
        init_cfg: ``dict(type='Pretrained', checkpoint=...)`` for a file of weights, in the layout
            of timm or of the project that released them.

    Attributes:
        num_prefix_tokens: Number of class and register tokens inside the model.

    Raises:
        ValueError: The model is not a vision transformer, or two sources of weights are given.
    """

    tubelet_size = 1

    def __init__(
        self,
        name: str,
        img_size: int | None = None,
        pretrained: bool = False,
        keep_head: bool = False,
        frozen: bool = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if init_cfg is not None and pretrained:
            raise ValueError(f'{name}: set either init_cfg or pretrained=True')
        self.name, self.pretrained = name, pretrained
        self.options = {} if keep_head else {'num_classes': 0}
        if img_size is not None:
            self.options['img_size'] = img_size
        self.model: Any = timm.create_model(name, **self.options)
        if not hasattr(self.model, 'blocks') or not hasattr(self.model, 'patch_embed'):
            raise ValueError(f'{name} is not a vision transformer of timm, which has blocks')
        self.embed_dims: int = self.model.embed_dim
        self.patch_size: int = self.model.patch_embed.patch_size[0]
        self.num_prefix_tokens: int = getattr(self.model, 'num_prefix_tokens', 0)
        self.frozen = frozen
        if frozen:
            self.requires_grad_(False)

    @property
    def blocks(self) -> nn.Module:
        """The blocks of the model."""
        return self.model.blocks

    def init_weights(self) -> None:
        """Read the weights from the file, or through timm."""
        if self.init_cfg is not None:
            load_checkpoint(self.model, self.init_cfg['checkpoint'])
        elif self.pretrained:
            built = timm.create_model(self.name, pretrained=True, **self.options)
            self.model.load_state_dict(built.state_dict())

    def train(self, mode: bool = True) -> 'TimmFrameBackbone':
        """Set training mode; a frozen model stays in evaluation mode."""
        super().train(mode and not self.frozen)
        return self

    def forward(self, clips: Tensor) -> Tensor:
        """(B, C, T, H, W) -> (B, T * h * w, D), after the last norm."""
        tokens = self.model.forward_features(clips.transpose(1, 2).flatten(0, 1))
        return tokens[:, self.num_prefix_tokens :].reshape(len(clips), -1, self.embed_dims)
