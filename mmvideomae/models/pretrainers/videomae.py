"""Masked video pre-training: VideoMAE and VideoMAE V2."""

from typing import Any, NamedTuple

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmvideomae.ops.tokens import mask_to_ids, patchify
from mmvideomae.registry import MODELS

TARGETS = ('clip', 'centre', 'dense')
LOSS_ON = ('invisible', 'all_outputs')


class ReconstructionOutput(NamedTuple):
    """What was predicted, what was right, and where."""

    pred: Tensor
    """(B, M, P), in the units of ``target``."""
    target: Tensor
    """(B, M, P), normalised per cube unless the head predicts plain pixels."""
    token_ids: Tensor
    """(B, M), positions in the flattened (t, h, w) grid."""
    loss: Tensor
    """A float32 scalar."""


@MODELS.register_module()
class VideoMAE(BaseModel):
    """Reconstruct masked cubes of a clip from the visible ones.

    With an encoder mask only, all masked tokens are reconstructed (V1); a
    decoder mask as well leaves out the tokens it drops (V2, dual masking).

    Args:
        backbone: encoder of visible tokens, ``forward(clips, visible_ids)``.
        neck: decoder, ``forward(tokens, visible_ids, query_ids, grid)``.
        head: ``forward``, ``targets`` and ``loss`` of a pixel head.
        target: 'clip', the clip itself; 'centre', its centre frame only; or
            'dense', twice the frames at half the stride: then clips hold 2T
            frames of which the encoder is given every second (V1 Table 1c).
        loss_on: 'invisible', the decoded tokens that the encoder did not see;
            or 'all_outputs' (V2 Table 1).
    """

    def __init__(
        self,
        backbone: dict[str, Any] | nn.Module,
        neck: dict[str, Any] | nn.Module,
        head: dict[str, Any] | nn.Module,
        target: str = 'clip',
        loss_on: str = 'invisible',
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        preprocessor = data_preprocessor or {'type': 'VideoMAEDataPreprocessor'}
        if isinstance(preprocessor, dict):
            preprocessor = MODELS.build(preprocessor)
        super().__init__(data_preprocessor=preprocessor, init_cfg=init_cfg)
        self.backbone = _built(backbone)
        self.neck = _built(neck)
        self.head = _built(head)
        self.target, self.loss_on = target, loss_on
        self._check()

    def _check(self) -> None:
        if self.target not in TARGETS:
            raise ValueError(f'unknown target {self.target!r}; choose one of {TARGETS}')
        if self.loss_on not in LOSS_ON:
            raise ValueError(f'unknown loss_on {self.loss_on!r}; choose one of {LOSS_ON}')
        tubelet = self.backbone.tubelet_size
        frames = {'clip': tubelet, 'centre': 1, 'dense': 2 * tubelet}[self.target]
        if self.head.frames_per_token != frames:
            raise ValueError(
                f'target {self.target!r} with tubelets of {tubelet} frames needs a head with '
                f'frames_per_token={frames}, not {self.head.frames_per_token}'
            )

    def forward(
        self,
        inputs: Tensor,
        encoder_mask: Tensor | None = None,
        decoder_mask: Tensor | None = None,
        data_samples: list[Any] | None = None,
        mode: str = 'tensor',
    ) -> dict[str, Tensor] | ReconstructionOutput | Tensor:
        """Preprocessed batch -> by ``mode``.

        'loss': a dict with the loss.  'predict': a ``ReconstructionOutput``.
        'tensor': tokens (B, N or n, D) of the encoder, which then needs no mask.
        """
        if mode == 'tensor':
            visible = None if encoder_mask is None else mask_to_ids(encoder_mask, value=False)
            return self.backbone(self._encoder_clips(inputs), visible)
        if encoder_mask is None:
            raise ValueError(f'mode {mode!r} needs an encoder_mask')
        output = self.reconstruct(inputs, encoder_mask, decoder_mask)
        if mode == 'loss':
            return {'loss': output.loss}
        if mode == 'predict':
            return output
        raise ValueError(f"unknown mode {mode!r}; choose 'tensor', 'loss' or 'predict'")

    def reconstruct(
        self, clips: Tensor, encoder_mask: Tensor, decoder_mask: Tensor | None = None
    ) -> ReconstructionOutput:
        """Reconstruct normalised clips (B, C, T, H, W) under masks (B, N), True = dropped.

        Raises:
            ValueError: if the masks of a batch differ in their counts or do not
                fit the clip.
        """
        grid = self._grid(clips)
        for name, mask in (('encoder_mask', encoder_mask), ('decoder_mask', decoder_mask)):
            if mask is not None and mask.shape != (len(clips), grid[0] * grid[1] * grid[2]):
                raise ValueError(
                    f'{name} of shape {tuple(mask.shape)} does not fit {len(clips)} clips of '
                    f'{grid[0]}x{grid[1]}x{grid[2]} tokens'
                )
        visible_ids = mask_to_ids(encoder_mask, value=False)
        dropped = ~encoder_mask if decoder_mask is None else decoder_mask
        query_ids = mask_to_ids(self._within_target(dropped, grid), value=False)
        counted = None
        if decoder_mask is not None and self.loss_on == 'invisible':
            counted = encoder_mask.gather(1, query_ids)
        return self._reconstruct(clips, grid, visible_ids, query_ids, counted)

    def _reconstruct(
        self,
        clips: Tensor,
        grid: tuple[int, int, int],
        visible_ids: Tensor,
        query_ids: Tensor,
        counted: Tensor | None,
    ) -> ReconstructionOutput:
        tokens = self.backbone(self._encoder_clips(clips), visible_ids)
        pred = self.head(self.neck(tokens, visible_ids, query_ids, grid))
        with torch.no_grad(), torch.autocast(clips.device.type, enabled=False):
            target = self._targets(clips, grid, query_ids)
        loss = self.head.loss(pred, target, counted)
        return ReconstructionOutput(pred, target, query_ids, loss)

    def _targets(self, clips: Tensor, grid: tuple[int, int, int], query_ids: Tensor) -> Tensor:
        """What to predict at ``query_ids`` (B, M): (B, M, P)."""
        if self.target == 'centre':
            centre = clips.shape[2] // 2
            clips = clips[:, :, centre : centre + 1]
            query_ids = query_ids % (grid[1] * grid[2])
        patches = patchify(
            clips.float(), self.head.frames_per_token, self.backbone.patch_size, query_ids
        )
        return self.head.targets(self.data_preprocessor.to_unit_range(patches))

    def _within_target(self, dropped: Tensor, grid: tuple[int, int, int]) -> Tensor:
        """Drop also the slots that hold nothing of the target: (B, N) -> (B, N)."""
        if self.target != 'centre':
            return dropped
        slots = dropped.unflatten(1, (grid[0], -1))
        centre = grid[0] * self.backbone.tubelet_size // 2 // self.backbone.tubelet_size
        outside = torch.arange(grid[0], device=dropped.device) != centre
        return (slots | outside[:, None]).flatten(1)

    def _encoder_clips(self, clips: Tensor) -> Tensor:
        return clips[:, :, ::2] if self.target == 'dense' else clips

    def _grid(self, clips: Tensor) -> tuple[int, int, int]:
        _, _, frames, height, width = clips.shape
        patch, tubelet = self.backbone.patch_size, self.backbone.tubelet_size
        if self.target == 'dense':
            tubelet *= 2
        return frames // tubelet, height // patch, width // patch


def _built(part: dict[str, Any] | nn.Module) -> nn.Module:
    return MODELS.build(part) if isinstance(part, dict) else part
