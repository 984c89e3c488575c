"""MoCo v3 on video, the contrastive baseline of the VideoMAE paper."""

import copy
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmvideomae.models.pretrainers.masked import built
from mmvideomae.ops.contrast import find_loss
from mmvideomae.ops.teachers import Momentum, follow
from mmvideomae.registry import MODELS


@MODELS.register_module()
class MoCoV3(BaseModel):
    """Find a view of the same video among the views of all videos (MoCo v3 section 3).

    The encoder with its projector and predictor makes queries, and a moving average of encoder
    and projector makes keys.  The loss is ``2 * temperature * (L12 + L21)``, the cross entropies
    of finding the key of the other view.  The average follows by `TeacherHook`.

    Args:
        backbone: Encoder, clips (B, C, T, H, W) -> (B, D).
        projector: ``in_dims`` is the encoder's by default.
        predictor: ``in_dims`` is the projector's ``out_dims`` by default.
        momentum: Arguments of `Momentum`.
        freeze_patch_embed: Keep the patch embedding at its random initialisation, which makes
            the training of vision transformers stable (section 4.3).

    Raises:
        ValueError: The temperature is not positive.
    """

    def __init__(
        self,
        backbone: dict[str, Any] | nn.Module,
        projector: dict[str, Any],
        predictor: dict[str, Any],
        momentum: dict[str, Any],
        temperature: float = 0.2,
        freeze_patch_embed: bool = True,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        preprocessor = built(data_preprocessor or {'type': 'VideoMAEDataPreprocessor'})
        super().__init__(data_preprocessor=preprocessor, init_cfg=init_cfg)
        if temperature <= 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.backbone: Any = built(backbone)
        self.projector: Any = built({'in_dims': self.backbone.embed_dims, **projector})
        self.predictor = built({'in_dims': self.projector.out_dims, **predictor})
        if freeze_patch_embed:
            self.backbone.patch_embed.requires_grad_(False)
        self.average = copy.deepcopy(self._followed()).requires_grad_(False)
        self.momentum, self.temperature = Momentum(**momentum), temperature
        self.register_buffer('updates', torch.tensor(0))
        self._is_training = False

    def _followed(self) -> nn.ModuleList:
        return nn.ModuleList([self.backbone, self.projector])

    def begin_training(self) -> None:
        """Let the average begin as a copy; called by `TeacherHook`, also when a run resumes."""
        self._is_training = True
        if not self.updates:
            follow(self.average, self._followed(), 0.0)

    def after_update(self, progress: float) -> None:
        """Move the average towards the encoder, at a share of all updates."""
        follow(self.average, self._followed(), self.momentum(progress))
        self.updates += 1

    def forward(
        self, inputs: Tensor, data_samples: list[Any] | None = None, mode: str = 'tensor'
    ) -> Any:
        """Normalised clips (B, C, T, H, W) -> by ``mode``.

        'loss': ``{'loss': ...}`` of two views of each video, adjacent.  'tensor': the output of
        the encoder.

        Raises:
            ValueError: The mode is unknown, there are not two views of each video, or nothing
                updates the moving average.
        """
        if mode == 'tensor':
            return self.backbone(inputs)
        if mode != 'loss':
            raise ValueError(f"unknown mode {mode!r}; choose 'tensor' or 'loss'")
        if len(inputs) % 2:
            raise ValueError(
                f'MoCo v3 needs two views of each video, but there are {len(inputs)} clips in all: '
                'set num_repeats=2 in RepeatAugment'
            )
        if self.training and not self._is_training:
            raise ValueError(
                'nothing updates the moving average of MoCoV3: add '
                "default_hooks=dict(teacher=dict(type='TeacherHook')) to the config"
            )
        # Batch norm takes its statistics from one view at a time.
        features = self.backbone(inputs)
        queries = [self.predictor(self.projector(features[view::2])) for view in range(2)]
        with torch.no_grad():
            encoder, projector = self.average
            features = encoder(inputs)
            keys = [projector(features[view::2]) for view in range(2)]
        losses = [find_loss(queries[view], keys[1 - view], self.temperature) for view in range(2)]
        return {'loss': 2 * self.temperature * (losses[0] + losses[1])}
