"""Image transformers of timm, applied to every frame of a clip."""

import math
from typing import Any

import timm
import torch
from timm.data import resolve_data_config
from timm.models import load_checkpoint
from torch import Tensor, nn

from mmvideomae.models.layers.foreign_encoder import ForeignEncoder
from mmvideomae.ops.frame_preparation import FramePreparation
from mmvideomae.registry import MODELS

OUTPUTS = ('tokens', 'frames', 'avg')


@MODELS.register_module()
class TimmFrameBackbone(ForeignEncoder):
    """A vision transformer of timm on the frames of clips: DINO, CLIP, supervised ones and others.

    Clips (B, C, T, H, W) -> by ``out_type``: ``'tokens'`` (B, T * h * w, D), after the last norm
    and without class and register tokens; ``'frames'`` (B, T, D), a vector for each frame, pooled
    as timm does for this model; or ``'avg'`` (B, D), their mean.  Frames do not see each other.
    They are prepared as timm's configuration of the model says.

    Args:
        name: timm's name of the model, such as 'vit_base_patch16_224.mae'.
        img_size: Side of the frames in pixels, for which timm resizes the position table; by
            default that of the model.
        pretrained: Let timm download the weights, or find them in its cache; False: random ones.
        keep_head: Keep the model's head, such as CLIP's projection, as ``model.head``; ``forward``
            does not use it.
        frozen: Disable gradients.
        init_cfg: ``dict(type='Pretrained', checkpoint=...)`` for a file of weights, in the layout
            of timm or of the project that released them.
        num_frames: Frames of a clip, for the default window of features.
        frames_at_once: Most frames in a forward pass.
        options: Further arguments of ``timm.create_model``.

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
        pretrained: bool | None = None,
        keep_head: bool = False,
        frozen: bool = False,
        init_cfg: dict[str, Any] | None = None,
        out_type: str = 'tokens',
        num_frames: int = 16,
        frames_at_once: int = 64,
        options: dict[str, Any] | None = None,
    ) -> None:
        if init_cfg is not None and pretrained:
            raise ValueError(f'{name}: set either init_cfg or pretrained=True')
        if out_type not in OUTPUTS:
            raise ValueError(f'unknown out_type {out_type!r}; choose one of {OUTPUTS}')
        self.options = dict(options or {})
        self.options |= {} if img_size is None else {'img_size': img_size}
        self.options |= {} if keep_head else {'num_classes': 0}
        model: Any = timm.create_model(name, **self.options)
        if not hasattr(model, 'blocks') or not hasattr(model, 'patch_embed'):
            raise ValueError(f'{name} is not a vision transformer of timm, which has blocks')
        prepared = _preparation(model, img_size)
        super().__init__(model, model.embed_dim, num_frames, prepared, frozen, init_cfg)
        self.name, self.pretrained = name, pretrained
        self.out_type, self.frames_at_once = out_type, frames_at_once
        self.patch_size: int = model.patch_embed.patch_size[0]
        self.num_prefix_tokens: int = getattr(model, 'num_prefix_tokens', 0)

    @property
    def blocks(self) -> nn.Module:
        """The blocks of the model."""
        return self.model.blocks

    def init_weights(self) -> None:
        """Read the weights from the file, or through timm.

        Raises:
            ValueError: They cannot be loaded, or nothing says where they are.
        """
        if self.init_cfg is not None:
            load_checkpoint(self.model, self.init_cfg['checkpoint'])
        elif self.pretrained is None:
            raise ValueError(
                f'{self.name} has no weights: set pretrained=True, or init_cfg for a file, or '
                'pretrained=False for random weights'
            )
        elif self.pretrained:
            try:
                built = timm.create_model(self.name, pretrained=True, **self.options)
            except (OSError, RuntimeError) as error:
                reason = ' '.join(str(error).split())
                raise ValueError(f'timm cannot load {self.name}: {reason}') from error
            self.model.load_state_dict(built.state_dict())

    def forward(self, clips: Tensor) -> Tensor:
        """(B, C, T, H, W) -> (B, T * h * w, D), (B, T, D) or (B, D)."""
        self.require_size(clips)
        frames = clips.transpose(1, 2).flatten(0, 1).split(self.frames_at_once)
        found = torch.cat([self._encoded(part) for part in frames]).unflatten(0, (len(clips), -1))
        if self.out_type == 'tokens':
            return found.flatten(1, 2)
        return found.mean(1) if self.out_type == 'avg' else found

    def _encoded(self, frames: Tensor) -> Tensor:
        """(F, C, H, W) -> tokens (F, h * w, D), or a vector for each frame (F, D)."""
        features = self.model.forward_features(frames)
        if self.out_type == 'tokens':
            return features[:, self.num_prefix_tokens :]
        return self.model.forward_head(features, pre_logits=True)


def _preparation(model: nn.Module, img_size: int | None) -> FramePreparation:
    data = resolve_data_config(model=model)
    size = img_size or data['input_size'][1]
    mean, std = (tuple(255 * value for value in data[key]) for key in ('mean', 'std'))
    short_side = math.floor(size / data['crop_pct'])
    return FramePreparation(size, short_side, data['interpolation'], mean, std)
