"""Codes of a tokenizer at hidden places, the target of VIMPAC."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mmvideomae.models.targets.target import Target
from mmvideomae.ops.codes import Vocabulary
from mmvideomae.registry import TARGETS

KEPT = -2
"""In ``replacement_ids``: the code is kept, but still predicted."""


@TARGETS.register_module()
class CodeTarget(Target):
    """The codes at places of a clip (VIMPAC section 3.1).

    Args:
        num_codes: Number of codes of the tokenizer; the pretrainer passes that of its backbone.

    Attributes:
        dims: Number of values predicted at one token: a score for every id of the vocabulary.
        to_pixels: Codes (N, h, w) -> frames (N, 3, H, W) in [0, 1]; None without a tokenizer.
    """

    to_pixels: Callable[[Tensor], Tensor] | None = None

    def __init__(self, tubelet_size: int, patch_size: int, num_codes: int = 8192) -> None:
        super().__init__(tubelet_size, patch_size)
        self.vocabulary = Vocabulary(num_codes)
        self.dims = self.vocabulary.size

    def forward(
        self,
        clips: Tensor,
        token_ids: Tensor,
        to_unit_range: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Codes (B, t, h, w), ``token_ids`` (B, M) per clip or (M,) overall -> alike, int64."""
        if token_ids.ndim == 1:
            return clips.flatten()[token_ids]
        return clips.flatten(1).gather(1, token_ids)

    def asked(self, codes: Tensor, encoder_mask: Tensor) -> Tensor:
        """Which of the codes (B, t, h, w) to predict, (B, N): the masked ones except padding.

        Raises:
            ValueError: The mask (B, N) does not fit.
        """
        flat = codes.flatten(1)
        if encoder_mask.shape != flat.shape:
            raise ValueError(
                f'encoder_mask of shape {tuple(encoder_mask.shape)} does not fit {len(codes)} '
                f'clips of {"x".join(map(str, codes.shape[1:]))} codes'
            )
        return encoder_mask & (flat != self.vocabulary.pad)

    def hide(
        self, codes: Tensor, encoder_mask: Tensor, replacement_ids: Tensor | None = None
    ) -> Tensor:
        """The encoder's input for codes (B, t, h, w) under a mask (B, N).

        Args:
            replacement_ids: (B, N), the replacements at hidden places: a code, -1 for the mask
                code, or -2 to keep the clip's own code.  By default the mask code.
        """
        asked, flat = self.asked(codes, encoder_mask), codes.flatten(1)
        hidden = torch.full_like(flat, self.vocabulary.mask)
        if replacement_ids is not None:
            hidden = torch.where(replacement_ids >= 0, replacement_ids, hidden)
            hidden = torch.where(replacement_ids == KEPT, flat, hidden)
        return torch.where(asked, hidden, flat).view_as(codes)

    def draw(
        self,
        values: Tensor,
        token_ids: Tensor,
        clip: np.ndarray,
        hidden: np.ndarray,
        how: str,
        codes: Tensor,
    ) -> tuple[np.ndarray, str, np.ndarray]:
        """Decode a clip with its most likely codes at hidden places (VIMPAC, Figure 5).

        See `PixelTarget.draw`; ``how`` has no effect.

        Args:
            values: Scores (M, V) at ``token_ids`` (M,).
            codes: (t, h, w), those of the clip.  Padding frames are not drawn.

        Returns:
            The frames, (T, H, W, 3) float32 in [0, 1]; a sentence about them; and the frames
            decoded from the clip's own codes.

        Raises:
            ValueError: There is no tokenizer.
        """
        if self.to_pixels is None:
            raise ValueError('set model.data_preprocessor.tokenizer to turn codes into pixels')
        predicted = codes.clone()
        predicted.view(-1)[token_ids] = values[:, : self.vocabulary.num_codes].argmax(1)
        real = (codes != self.vocabulary.pad).flatten(1).all(1)
        pixels = np.zeros((2, *clip.shape), np.float32)
        for drawn, each in zip(pixels, (predicted, codes), strict=True):
            drawn[real.numpy()] = self.to_pixels(each[real]).permute(0, 2, 3, 1).cpu().numpy()
        note = 'All patches are decoded from codes; hidden ones from the most likely codes.'
        return pixels[0], note, pixels[1]
