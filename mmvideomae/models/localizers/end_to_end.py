"""Detect segments in the frames of untrimmed videos, with an encoder that is trained for it."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from mmvideomae.registry import MODELS


@MODELS.register_module()
class EndToEndLocalizer(BaseModel):
    """An encoder of clips and a temporal detector, trained together (AdaTAD, 2311.17241).

    A window is encoded in clips of ``clip_len`` frames.  The mean of the tokens of each slot is a
    feature; features are interpolated linearly to the detector's steps.  Train few parameters of
    the encoder with ``peft=dict(type='TIA')``, whose convolutions cross the clips of a window.
    Rows at the bottom and columns at the right that do not fill a patch are left out, as in AdaTAD,
    whose ViT-g sees 154 of 160 pixels.

    Clips are normalised and encoded a few at a time.  In training, what a block computes within
    its clips is computed again in the backward pass, so only what is linear in the length of a
    window is stored: its frames, and for each block with something to learn at or below it the
    input of the block and the adapter's hidden values.

    Args:
        backbone: Encoder with ``encode_series`` and the sizes of `VideoMAEViT`.  Its last norms are
            not used.
        detector: An `ActionFormer`, or a part with the same ``forward``.  ``in_channels`` of its
            backbone is by default the encoder's width.
        data_preprocessor: `WindowDataPreprocessor`.
        clip_len: Frames of a clip.
        clips_per_pass: Clips encoded at a time.
        recompute: Compute again instead of storing, see above.
        frozen_dtype: Type in which frozen weights are kept and in which the encoder computes,
            'bfloat16' or 'float16'; None leaves them, and precision, as they are.
        lr_factor: Learning rate of the encoder as a multiple of the detector's.

    Raises:
        ValueError: The parts do not fit together.
    """

    def __init__(
        self,
        backbone: dict[str, Any] | nn.Module,
        detector: dict[str, Any] | nn.Module,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        clip_len: int = 16,
        clips_per_pass: int = 4,
        recompute: bool = True,
        frozen_dtype: str | None = None,
        lr_factor: float = 1.0,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            data_preprocessor=_built(data_preprocessor or {'type': 'WindowDataPreprocessor'}),
            init_cfg=init_cfg,
        )
        self.backbone = _built(backbone)
        if isinstance(detector, dict):
            derived = {'in_channels': getattr(self.backbone, 'embed_dims', None)}
            detector = {**detector, 'backbone': {**derived, **detector['backbone']}}
        self.detector = _built(detector)
        self.clip_len, self.clips_per_pass = clip_len, clips_per_pass
        self.recompute, self.lr_factor = recompute, lr_factor
        self._check()
        for norm in ('norm', 'fc_norm'):
            getattr(self.backbone, norm, nn.Identity()).requires_grad_(False)
        self.frozen_dtype = self._keep_frozen_in(frozen_dtype)

    def _check(self) -> None:
        name = type(self.backbone).__name__
        if not hasattr(self.backbone, 'encode_series'):
            raise ValueError(f'{name} cannot encode a window clip by clip: use VideoMAEViT')
        width, wanted = self.backbone.embed_dims, self.detector.backbone.in_channels
        if width != wanted:
            raise ValueError(
                f'{name} has width {width}, but the detector takes in_channels={wanted}'
            )
        frames, steps = self.data_preprocessor.num_frames, self.data_preprocessor.num_steps
        if frames % self.clip_len:
            raise ValueError(
                f'a window of num_frames={frames} does not divide into clips of {self.clip_len}'
            )
        divisor = self.detector.backbone.length_divisor
        if steps % divisor:
            raise ValueError(f'{steps} steps of a window are not a multiple of {divisor}')
        if self.clips_per_pass < 1:
            raise ValueError(f'clips_per_pass must be positive, got {self.clips_per_pass}')

    def _keep_frozen_in(self, name: str | None) -> torch.dtype | None:
        """Convert frozen matrices; norms and biases, which are few, stay in full precision."""
        if name is None:
            return None
        if name not in ('bfloat16', 'float16'):
            raise ValueError(f"frozen_dtype must be 'bfloat16' or 'float16', got {name!r}")
        dtype = getattr(torch, name)
        for param in self.backbone.parameters():
            if param.ndim > 1 and not param.requires_grad:
                param.data = param.data.to(dtype)
        return dtype

    def get_lr_factor(self, name: str, prefix: str = '') -> float:
        """Multiple of the base learning rate for a parameter."""
        return self.lr_factor if name.removeprefix(prefix).startswith('backbone.') else 1.0

    def forward(
        self,
        inputs: Tensor,
        masks: Tensor,
        data_samples: list[BaseDataElement] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Windows uint8 (B, C, T, H, W), masks (B, 1, L) -> the detector's output, by mode."""
        features = self.extract_feat(inputs, masks.shape[-1])
        return self.detector(features, masks, data_samples, mode)

    def extract_feat(self, inputs: Tensor, steps: int) -> Tensor:
        """Windows uint8 (B, C, T, H, W) -> features (B, D, steps), float32.

        Raises:
            ValueError: The windows are not uint8.
        """
        if inputs.dtype != torch.uint8:
            raise ValueError(f'windows must be uint8, not yet normalised, but are {inputs.dtype}')
        slots = torch.stack([self._encode(window) for window in inputs])
        return F.interpolate(slots.mT, size=steps, mode='linear', align_corners=False)

    def _encode(self, window: Tensor) -> Tensor:
        """A window (C, T, H, W) -> the features of its slots, (T / tubelet_size, D)."""
        patch = self.backbone.patch_size
        height, width = (side // patch * patch for side in window.shape[2:])
        clips = window[..., :height, :width].unflatten(1, (-1, self.clip_len)).transpose(0, 1)
        groups = clips.split(self.clips_per_pass)
        per_clip = self.clip_len // self.backbone.tubelet_size
        with self._precision(window.device.type):
            streams = self.backbone.encode_series(
                groups, self.data_preprocessor.normalise, self._through
            )
        # In full precision, in which the detector sees the features.
        means = [x.float().unflatten(1, (per_clip, -1)).mean(2) for x in streams]
        return torch.cat(means).flatten(0, 1)

    def _precision(self, device: str) -> AbstractContextManager[Any]:
        if self.frozen_dtype is None:
            return nullcontext()
        return torch.autocast(device, dtype=self.frozen_dtype)

    def _through(self, function: Any, *args: Any) -> Any:
        if self.recompute and torch.is_grad_enabled():
            return checkpoint(function, *args, use_reentrant=False)
        return function(*args)


def _built(part: dict[str, Any] | nn.Module) -> nn.Module:
    return MODELS.build(part) if isinstance(part, dict) else part
