"""Pre-training under two masks of every clip (V-JEPA, SALT)."""

from typing import Any

import torch
from torch import Tensor

from mmvideomae.models.pretrainers.masked import (
    MaskedPretrainer,
    ReconstructionOutput,
    target_values,
)
from mmvideomae.ops.tokens import mask_to_ids
from mmvideomae.registry import MODELS


@MODELS.register_module()
class TwoMaskPretrainer(MaskedPretrainer):
    """A `MaskedPretrainer` that learns from two masks of each clip, such as V-JEPA's two kinds.

    The student sees the clip once under each mask, and the target is computed once.  The loss is
    the mean of those of the two masks.  Without a second mask, and in other modes than 'loss', it
    is a `MaskedPretrainer`.
    """

    def forward(
        self,
        inputs: Tensor,
        encoder_mask: Tensor | None = None,
        decoder_mask: Tensor | None = None,
        visible_ids: Tensor | None = None,
        query_ids: Tensor | None = None,
        data_samples: list[Any] | None = None,
        mode: str = 'tensor',
        second_encoder_mask: Tensor | None = None,
        second_visible_ids: Tensor | None = None,
        second_query_ids: Tensor | None = None,
    ) -> dict[str, Tensor] | ReconstructionOutput | Tensor:
        """See `MaskedPretrainer.forward`; ``second_*`` as without it."""
        if mode != 'loss' or second_encoder_mask is None:
            return super().forward(
                inputs, encoder_mask, decoder_mask, visible_ids, query_ids, data_samples, mode
            )
        if encoder_mask is None or decoder_mask is not None:
            raise ValueError('two masks of a clip need an encoder_mask and no decoder_mask')
        grid = self.target.grid(*inputs.shape[2:])
        views = [
            _ids(encoder_mask, visible_ids, query_ids),
            _ids(second_encoder_mask, second_visible_ids, second_query_ids),
        ]
        every = torch.cat([asked for _, asked in views], 1)
        values = target_values(self.target, inputs, every, self.data_preprocessor)
        parts = values.split([asked.shape[1] for _, asked in views], 1)
        losses = [
            self.head.loss(self.predict(inputs, seen, asked, grid), part)
            for (seen, asked), part in zip(views, parts, strict=True)
        ]
        return {'loss': torch.stack(losses).mean()}


def _ids(
    mask: Tensor, visible_ids: Tensor | None, query_ids: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The visible and the hidden tokens of masks (B, N), unless they are listed already."""
    if visible_ids is None:
        visible_ids = mask_to_ids(mask, value=False)
    return visible_ids, mask_to_ids(mask) if query_ids is None else query_ids
