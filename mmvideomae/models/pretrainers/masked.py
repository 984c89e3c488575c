"""Masked video pre-training: predict a target at tokens that the encoder does not see."""

from typing import Any, NamedTuple

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmvideomae.ops.positions import Grid
from mmvideomae.ops.tokens import mask_to_ids
from mmvideomae.registry import MODELS, TARGETS

LOSS_ON = ('invisible', 'all_outputs')


class ReconstructionOutput(NamedTuple):
    """Predictions, targets and their places."""

    pred: Tensor
    """(B, M, P), in the units of ``target``."""
    target: Tensor
    """(B, M, P), from the pretrainer's target."""
    token_ids: Tensor
    """(B, M), positions in the flattened (t, h, w) grid."""
    losses: dict[str, Tensor]
    """Float32 scalars by name."""

    @property
    def loss(self) -> Tensor:
        """The sum of the losses, which training minimises."""
        return torch.stack(list(self.losses.values())).sum()


@MODELS.register_module()
class MaskedPretrainer(BaseModel):
    """Predict a target at masked tokens of a clip from the visible tokens.

    With an encoder mask only, all masked tokens are predicted (V1); a decoder mask excludes
    the tokens that it drops (V2, dual masking).  Data workers list these tokens as
    ``visible_ids`` and ``query_ids``, so that a step need not wait for the device to count
    them; if only masks are given, they are listed here.

    Args:
        backbone: Encoder of visible tokens, ``forward(clips, visible_ids)``.
        neck: Decoder, ``forward(tokens, visible_ids, query_ids, grid)``.
        head: ``forward(tokens)`` and ``loss(pred, target, counted)``.
        target: Config of a `Target`, without the sides of a token, which are the backbone's.
        loss_on: 'invisible', the decoded tokens that the encoder did not see;
            or 'all_outputs' (V2 Table 1).
        masker: Chooses tokens if the data has no masks, and may learn from the outcome:
            ``forward(clips, grid) -> visible_ids, query_ids, losses``, with
            ``losses(pred, target) -> dict``.
    """

    def __init__(
        self,
        backbone: dict[str, Any] | nn.Module,
        neck: dict[str, Any] | nn.Module,
        head: dict[str, Any] | nn.Module,
        target: dict[str, Any],
        loss_on: str = 'invisible',
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        init_cfg: dict[str, Any] | None = None,
        masker: dict[str, Any] | nn.Module | None = None,
    ) -> None:
        preprocessor = built(data_preprocessor or {'type': 'VideoMAEDataPreprocessor'})
        super().__init__(data_preprocessor=preprocessor, init_cfg=init_cfg)
        self.backbone, self.neck, self.head = built(backbone), built(neck), built(head)
        sides = {key: getattr(self.backbone, key) for key in ('tubelet_size', 'patch_size')}
        self.target = TARGETS.build(target, default_args=sides)
        self.target.attach(self.backbone)
        if loss_on not in LOSS_ON:
            raise ValueError(f'unknown loss_on {loss_on!r}; choose one of {LOSS_ON}')
        self.loss_on = loss_on
        self.masker = None if masker is None else built(masker)
        if self.head.out_dims != self.target.dims:
            raise ValueError(
                f'{type(self.target).__name__} has {self.target.dims} values per token, but '
                f'{type(self.head).__name__} predicts {self.head.out_dims}'
            )

    def begin_training(self) -> None:
        """Called when the encoder has its first weights, or those that a run continues with."""
        self.target.begin(self.backbone)

    def after_update(self, progress: float) -> None:
        """Called after an update of the weights; before it, ``progress`` of all were done."""
        self.target.follow(self.backbone, progress)

    def forward(
        self,
        inputs: Tensor,
        encoder_mask: Tensor | None = None,
        decoder_mask: Tensor | None = None,
        visible_ids: Tensor | None = None,
        query_ids: Tensor | None = None,
        data_samples: list[Any] | None = None,
        mode: str = 'tensor',
    ) -> dict[str, Tensor] | ReconstructionOutput | Tensor:
        """Preprocessed batch -> by ``mode``.

        'loss': the losses by name.  'predict': a ``ReconstructionOutput``.
        'tensor': tokens (B, N or n, D) of the encoder, for which a mask is optional.
        """
        if mode == 'tensor':
            if visible_ids is None and encoder_mask is not None:
                visible_ids = mask_to_ids(encoder_mask, value=False)
            return self.backbone(inputs[:, :, :: self.target.stride], visible_ids)
        if mode not in ('loss', 'predict'):
            raise ValueError(f"unknown mode {mode!r}; choose 'tensor', 'loss' or 'predict'")
        output = self.reconstruct(inputs, encoder_mask, decoder_mask, visible_ids, query_ids)
        return output.losses if mode == 'loss' else output

    def reconstruct(
        self,
        clips: Tensor,
        encoder_mask: Tensor | None = None,
        decoder_mask: Tensor | None = None,
        visible_ids: Tensor | None = None,
        query_ids: Tensor | None = None,
    ) -> ReconstructionOutput:
        """Predict for normalised clips (B, C, T, H, W) under masks (B, N), True = dropped.

        Args:
            visible_ids: (B, n), ascending, the tokens that ``encoder_mask`` keeps.
            query_ids: (B, M), ascending, the tokens that the decoder predicts.

        Raises:
            ValueError: The masks of a batch differ in their counts or do not fit the clip,
                or the visible tokens are not given.
        """
        grid = self.target.grid(*clips.shape[2:])
        for name, mask in (('encoder_mask', encoder_mask), ('decoder_mask', decoder_mask)):
            if mask is not None and mask.shape != (len(clips), grid[0] * grid[1] * grid[2]):
                raise ValueError(
                    f'{name} of shape {tuple(mask.shape)} does not fit {len(clips)} clips of '
                    f'{grid[0]}x{grid[1]}x{grid[2]} tokens'
                )
        masker_losses = None
        if encoder_mask is not None:
            if visible_ids is None:
                visible_ids = mask_to_ids(encoder_mask, value=False)
            query_ids = self._query_ids(clips, grid, encoder_mask, decoder_mask, query_ids)
        elif self.masker is not None and visible_ids is None:
            visible_ids, query_ids, masker_losses = self.masker(clips, grid)
        if visible_ids is None or query_ids is None:
            raise ValueError('reconstruction needs an encoder_mask, token ids or a masker')

        pred = self.predict(clips, visible_ids, query_ids, grid)
        target = target_values(self.target, clips, query_ids, self.data_preprocessor)
        counted = None
        # With an encoder mask alone, only hidden tokens are queried.
        if self.loss_on == 'invisible' and (encoder_mask is None or decoder_mask is not None):
            hidden = query_ids.new_ones(len(clips), grid[0] * grid[1] * grid[2], dtype=torch.bool)
            counted = hidden.scatter(1, visible_ids, False).gather(1, query_ids)
        losses = {'loss': self.head.loss(pred, target, counted)}
        if masker_losses is not None:
            losses.update(masker_losses(pred, target))
        return ReconstructionOutput(pred, target, query_ids, losses)

    def predict(self, clips: Tensor, visible_ids: Tensor, query_ids: Tensor, grid: Grid) -> Tensor:
        """Predictions (B, M, P) at ``query_ids`` (B, M) from the tokens ``visible_ids`` (B, n)."""
        tokens = self.backbone(clips[:, :, :: self.target.stride], visible_ids)
        return self.head(self.neck(tokens, visible_ids, query_ids, grid))

    def _query_ids(
        self,
        clips: Tensor,
        grid: Grid,
        encoder_mask: Tensor,
        decoder_mask: Tensor | None,
        query_ids: Tensor | None,
    ) -> Tensor:
        """Tokens that the masks query, (B, M), without slots where the target has no values."""
        without = self.target.without(clips.shape[2], encoder_mask.device)
        if query_ids is not None and without is None:
            return query_ids
        dropped = ~encoder_mask if decoder_mask is None else decoder_mask
        if without is not None:
            dropped = (dropped.unflatten(1, (grid[0], -1)) | without[:, None]).flatten(1)
        return mask_to_ids(dropped, value=False)


@torch.no_grad()
def target_values(
    target: nn.Module, clips: Tensor, token_ids: Tensor, preprocessor: Any, *more: Tensor | None
) -> Tensor:
    """What is to be predicted, without gradients and in the precision that the target needs."""
    mixed = target.mixed_precision and torch.is_autocast_enabled(clips.device.type)
    with torch.autocast(clips.device.type, enabled=mixed):
        return target(clips, token_ids, preprocessor.to_unit_range, *more)


def built(part: dict[str, Any] | nn.Module) -> nn.Module:
    """Build a part of a model if it is a config."""
    return MODELS.build(part) if isinstance(part, dict) else part
