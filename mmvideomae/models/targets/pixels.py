"""Pixels of masked cubes, the target of VideoMAE and VideoMAE V2."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mmvideomae.models.targets.target import Target
from mmvideomae.ops.positions import Grid
from mmvideomae.ops.tokens import normalise_patches, patch_statistics, patchify, unpatchify
from mmvideomae.registry import TARGETS

SPANS = ('clip', 'centre', 'dense')
NORMALISATIONS = ('per_channel', 'none')
NOTES = {
    'raw': 'The model predicts pixels; no information about hidden patches was used.',
    'ground_truth': 'Each reconstructed patch was given its own mean and deviation '
    'from the original (ground-truth patch statistics).',
    'visible': 'Mean and deviation of reconstructed patches were estimated from the visible ones; '
    'no ground-truth statistics were used.',
    'none': 'Normalised predictions on mid-grey, one deviation = 20 % of the range; '
    'no patch statistics were used.',
}
_STEP = 0.2  # share of the brightness range for one deviation of a prediction without statistics


@TARGETS.register_module()
class PixelTarget(Target):
    """Pixels of a cube (frame, row, column, channel), channel fastest.

    Args:
        span: 'clip', the clip itself; 'centre', its centre frame only; or 'dense', twice the
            frames at half the stride: clips then hold 2T frames, and the encoder gets every
            second one (V1 Table 1c).
        normalise: 'per_channel' normalises every cube per colour channel (V1 section 4.1);
            'none' predicts pixels in [0, 1].
    """

    def __init__(
        self,
        tubelet_size: int,
        patch_size: int,
        span: str = 'clip',
        normalise: str = 'per_channel',
        in_channels: int = 3,
    ) -> None:
        super().__init__(tubelet_size, patch_size)
        if span not in SPANS:
            raise ValueError(f'unknown target {span!r}; choose one of {SPANS}')
        if normalise not in NORMALISATIONS:
            raise ValueError(f'unknown normalisation {normalise!r}; one of {NORMALISATIONS}')
        self.span, self.normalise, self.in_channels = span, normalise, in_channels
        self.stride = 2 if span == 'dense' else 1
        self.frames_per_token = 1 if span == 'centre' else tubelet_size * self.stride
        self.dims = self.frames_per_token * patch_size**2 * in_channels

    def frames(self, total: int) -> range:
        """All frames of a clip, or its centre frame."""
        return range(total // 2, total // 2 + 1) if self.span == 'centre' else range(total)

    def forward(
        self, clips: Tensor, token_ids: Tensor, to_unit_range: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """See `Target.forward`."""
        patches = to_unit_range(self._patches(clips.float(), token_ids))
        if self.normalise == 'none':
            return patches
        return normalise_patches(patches, self.in_channels)

    def draw(
        self, values: Tensor, token_ids: Tensor, clip: np.ndarray, hidden: np.ndarray, how: str
    ) -> tuple[np.ndarray, str]:
        """Predictions (M, P) at ``token_ids`` (M,) -> a clip and a note on their statistics.

        Args:
            clip: The original, (T, H, W, 3) uint8.
            hidden: (N,) bool, True at tokens that the encoder did not see.
            how: The source of brightness and contrast of normalised predictions, a key of
                ``NOTES``.  'ground_truth': each patch's own mean and deviation, as in the papers'
                figures; 'visible': those of visible patches, weighted by proximity; 'none'.

        Returns:
            (T, H, W, 3) float32 in [0, 1], zero where nothing was predicted; a sentence.
        """
        how = 'raw' if self.normalise == 'none' else how
        split = values.unflatten(-1, (-1, 3))
        if how == 'none':
            values = (0.5 + _STEP * split).flatten(1)
        elif how != 'raw':
            measure = self._own_statistics if how == 'ground_truth' else self._seen_statistics
            mean, deviation = measure(_to_tensor(clip), token_ids, hidden)
            values = (split * deviation + mean).flatten(1)
        slots, height, width = self.grid(*clip.shape[:3])
        grid = (1 if self.span == 'centre' else slots, height, width)
        tokens = torch.zeros(1, grid[0] * height * width, values.shape[1])
        tokens[0, self._own_ids(token_ids, grid)] = values
        frames = unpatchify(tokens, grid, self.frames_per_token, self.patch_size)
        pixels = np.zeros(clip.shape, np.float32)
        pixels[self.frames(len(clip))] = frames[0].permute(1, 2, 3, 0).numpy()
        return pixels, NOTES[how]

    def _patches(self, clips: Tensor, token_ids: Tensor) -> Tensor:
        """(B, C, T, H, W), (B, M) -> cubes (B, M, P) of the predicted frames."""
        grid = self.grid(*clips.shape[2:])
        covered = self.frames(clips.shape[2])
        clips = clips[:, :, covered.start : covered.stop]
        token_ids = self._own_ids(token_ids, grid)
        return patchify(clips, self.frames_per_token, self.patch_size, token_ids)

    def _own_ids(self, token_ids: Tensor, grid: Grid) -> Tensor:
        """Token ids in the grid of the predicted frames, which has one slot for a centre frame."""
        return token_ids % (grid[1] * grid[2]) if self.span == 'centre' else token_ids

    def _own_statistics(
        self, clip: Tensor, token_ids: Tensor, hidden: np.ndarray
    ) -> tuple[Tensor, Tensor]:
        """Mean and deviation (M, 1, 3) of tokens, from the original's pixels."""
        mean, deviation = patch_statistics(self._patches(clip, token_ids[None]))
        return mean[0], deviation[0]

    def _seen_statistics(
        self, clip: Tensor, token_ids: Tensor, hidden: np.ndarray
    ) -> tuple[Tensor, Tensor]:
        """Mean and deviation (M, 1, 3) of tokens, estimated from those of visible tokens.

        Weights decrease with the fourth power of the distance in token steps, so a patch
        resembles its neighbours; a visible token uses only its own.
        """
        grid = self.grid(*clip.shape[2:])
        visible = torch.from_numpy(np.flatnonzero(~hidden))
        seen = clip[:, :, :: self.stride]
        patches = patchify(seen, self.tubelet_size, self.patch_size, visible[None])
        places = [
            torch.stack(torch.unravel_index(ids, grid), -1).float() for ids in (token_ids, visible)
        ]
        weight = 1 / (torch.cdist(*places) ** 4 + 1e-6)
        weight = weight / weight.sum(1, keepdim=True)
        mean, deviation = (part[0, :, 0] for part in patch_statistics(patches))
        return (weight @ mean)[:, None], (weight @ deviation)[:, None]


def _to_tensor(clip: np.ndarray) -> Tensor:
    """(T, H, W, 3) uint8 -> (1, 3, T, H, W) float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(clip)).permute(3, 0, 1, 2)[None].float() / 255
