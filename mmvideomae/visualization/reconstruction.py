"""From a model's predictions to pixels: what was seen, what was reconstructed, and what not."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmvideomae.ops.tokens import patch_statistics, patchify, unpatchify

STATISTICS = ('ground_truth', 'visible', 'none')
"""Where brightness and contrast of patches come from that a model predicts normalised."""

NOTES = {
    'raw': 'The model predicts pixels; nothing of the hidden patches was used.',
    'ground_truth': 'Each reconstructed patch was given its own mean and deviation '
    'from the original (ground-truth patch statistics).',
    'visible': 'Mean and deviation of reconstructed patches were estimated from the visible ones; '
    'no ground-truth statistics were used.',
    'none': 'Normalised predictions on mid-grey, one deviation = 20 % of the range; '
    'no patch statistics were used.',
}
MASKED = 205
"""Grey of hidden patches."""
_STEP = 0.2  # of the range of brightness, for one deviation of a prediction without statistics
_HATCH = (225, 165)


@dataclass(frozen=True)
class TokenLayout:
    """How the tokens of a pre-trained model lie over its clip.

    Args:
        patch: Side of a patch in pixels.
        tubelet: Frames, of those that the encoder is given, in one token.
        frames_per_token: Frames that one prediction holds.
        target: 'clip', 'centre' (predictions are of the clip's middle frame) or 'dense'
            (the encoder is given every second frame, predictions are of all).
        normalised: Predictions have zero mean and unit deviation per patch and channel.
    """

    patch: int
    tubelet: int
    frames_per_token: int
    target: str = 'clip'
    normalised: bool = True

    @classmethod
    def of(cls, model: Any) -> 'TokenLayout':
        """The layout of a ``VideoMAE`` pretrainer."""
        return cls(
            patch=model.backbone.patch_size,
            tubelet=model.backbone.tubelet_size,
            frames_per_token=model.head.frames_per_token,
            target=model.target,
            normalised=model.head.normalise != 'none',
        )

    @property
    def stride(self) -> int:
        """Every so many-th frame is given to the encoder."""
        return 2 if self.target == 'dense' else 1

    def grid(self, clip: np.ndarray) -> tuple[int, int, int]:
        """Token grid (t, h, w) of a clip (T, H, W, 3)."""
        frames, height, width = clip.shape[:3]
        return frames // (self.tubelet * self.stride), height // self.patch, width // self.patch


@dataclass(frozen=True)
class Reconstruction:
    """One clip under one mask.

    Attributes:
        seen: Patches of each frame that the encoder saw, (T, h, w) bool.
        predicted: Patches of each frame that were reconstructed, (T, h, w) bool.
        pixels: The predictions, (T, H, W, 3) float32 in [0, 1]; means nothing elsewhere.
        masked_share: Share of tokens hidden from the encoder.
        note: What the pixels owe to the original, in words.
        loss: The model's loss on this clip.
    """

    seen: np.ndarray
    predicted: np.ndarray
    pixels: np.ndarray
    masked_share: float
    note: str
    loss: float | None = None


def assemble(
    clip: np.ndarray,
    encoder_mask: np.ndarray,
    pred: Tensor,
    token_ids: Tensor,
    layout: TokenLayout,
    statistics: str = 'ground_truth',
    loss: float | None = None,
) -> Reconstruction:
    """Put predictions (M, P) of the tokens ``token_ids`` (M,) back into their clip.

    Args:
        clip: The original, (T, H, W, 3) uint8.
        encoder_mask: (N,) bool, True = hidden from the encoder.
        statistics: One of ``STATISTICS``; without effect where pixels are predicted.
            'ground_truth': each patch's own mean and deviation, as the papers' figures
            do; 'visible': those of visible patches, the nearer the more weight; 'none'.

    Raises:
        ValueError: On an unknown ``statistics`` or arrays that do not fit one another.
    """
    if statistics not in STATISTICS:
        raise ValueError(f'unknown statistics {statistics!r}; choose one of {STATISTICS}')
    grid = layout.grid(clip)
    if encoder_mask.size != np.prod(grid):
        raise ValueError(f'a mask of {encoder_mask.size} tokens does not fit a grid of {grid}')
    mask = encoder_mask.reshape(grid).astype(bool)
    values = pred.detach().float().cpu()
    ids = token_ids.cpu()
    if layout.normalised:
        values = _denormalise(values, ids, clip, mask, layout, statistics)
    seen, predicted = _coverage(clip, mask, ids, layout)
    return Reconstruction(
        seen=seen,
        predicted=predicted,
        pixels=_place(values, ids, clip, layout),
        masked_share=float(mask.mean()),
        note=NOTES[statistics if layout.normalised else 'raw'],
        loss=loss,
    )


def masked_frames(clip: np.ndarray, view: Reconstruction) -> np.ndarray:
    """The clip as the encoder saw it, (T, H, W, 3) uint8, hidden patches grey."""
    return np.where(_to_pixels(view.seen, clip), clip, np.uint8(MASKED))


def reconstructed_frames(clip: np.ndarray, view: Reconstruction) -> np.ndarray:
    """The clip out of visible and reconstructed patches, (T, H, W, 3) uint8.

    Visible patches are the original's; patches neither visible nor reconstructed are
    hatched (dual masking, or frames that are not part of the target).
    """
    pixels = np.clip(np.rint(view.pixels * 255), 0, 255).astype(np.uint8)
    frames = np.where(_to_pixels(view.predicted, clip), pixels, hatching(*clip.shape[1:3]))
    return np.where(_to_pixels(view.seen, clip), clip, frames)


def hatching(height: int, width: int) -> np.ndarray:
    """Diagonal stripes, (H, W, 3) uint8."""
    period = max(4, min(height, width) // 28)
    rows, columns = np.ogrid[:height, :width]
    stripes = np.where((rows + columns) % period < period / 2, *map(np.uint8, _HATCH))
    return np.repeat(stripes[..., None], 3, axis=2)


def _denormalise(
    values: Tensor,
    ids: Tensor,
    clip: np.ndarray,
    mask: np.ndarray,
    layout: TokenLayout,
    statistics: str,
) -> Tensor:
    """Normalised predictions (M, P) -> brightness, nominally in [0, 1]."""
    split = values.unflatten(-1, (-1, 3))
    if statistics == 'none':
        return (0.5 + _STEP * split).flatten(1)
    if statistics == 'visible':
        mean, deviation = _visible_statistics(clip, mask, ids, layout)
    else:
        target, ids = _target_frames(clip, layout), _target_ids(clip, ids, layout)
        patches = patchify(_to_tensor(target), layout.frames_per_token, layout.patch, ids[None])
        mean, deviation = (part[0] for part in patch_statistics(patches))
    return (split * deviation + mean).flatten(1)


def _visible_statistics(
    clip: np.ndarray, mask: np.ndarray, ids: Tensor, layout: TokenLayout
) -> tuple[Tensor, Tensor]:
    """Mean and deviation (M, 1, 3) of tokens, out of those of visible tokens.

    Weights fall with the fourth power of the distance in token steps, so that a patch
    takes after its neighbours; a token that is visible itself takes nothing else.
    """
    grid = layout.grid(clip)
    visible = torch.from_numpy(np.flatnonzero(~mask))
    frames = _to_tensor(clip[:: layout.stride])
    patches = patchify(frames, layout.tubelet, layout.patch, visible[None])
    distance = torch.cdist(_places(ids, grid), _places(visible, grid))
    weight = 1 / (distance**4 + 1e-6)
    weight = weight / weight.sum(1, keepdim=True)
    mean, deviation = (part[0, :, 0] for part in patch_statistics(patches))
    return (weight @ mean)[:, None], (weight @ deviation)[:, None]


def _places(ids: Tensor, grid: tuple[int, int, int]) -> Tensor:
    """Token numbers (n,) -> their slots, rows and columns (n, 3) float32."""
    return torch.stack(torch.unravel_index(ids, grid), dim=-1).float()


def _place(values: Tensor, ids: Tensor, clip: np.ndarray, layout: TokenLayout) -> np.ndarray:
    """Predictions (M, P) -> (T, H, W, 3) float32, zero where nothing was predicted."""
    slots, height, width = layout.grid(clip)
    centre = layout.target == 'centre'
    grid = (1 if centre else slots, height, width)
    tokens = torch.zeros(1, grid[0] * height * width, values.shape[1])
    tokens[0, _target_ids(clip, ids, layout)] = values
    frames = unpatchify(tokens, grid, layout.frames_per_token, layout.patch)
    pixels = frames[0].permute(1, 2, 3, 0).numpy()
    if not centre:
        return pixels
    whole = np.zeros(clip.shape, np.float32)
    whole[len(clip) // 2] = pixels[0]
    return whole


def _coverage(
    clip: np.ndarray, mask: np.ndarray, ids: Tensor, layout: TokenLayout
) -> tuple[np.ndarray, np.ndarray]:
    """Which patches of each frame were seen and which predicted, both (T, h, w) bool."""
    frames = np.arange(len(clip))
    slot = frames // (layout.tubelet * layout.stride)
    given = frames % layout.stride == 0
    seen = ~mask[slot] & given[:, None, None]
    tokens = np.zeros(mask.size, bool)
    tokens[ids.numpy()] = True
    predicted = tokens.reshape(mask.shape)[slot]
    if layout.target == 'centre':
        predicted = predicted & (frames == len(clip) // 2)[:, None, None]
    return seen, predicted


def _target_frames(clip: np.ndarray, layout: TokenLayout) -> np.ndarray:
    centre = len(clip) // 2
    return clip[centre : centre + 1] if layout.target == 'centre' else clip


def _target_ids(clip: np.ndarray, ids: Tensor, layout: TokenLayout) -> Tensor:
    """Token numbers in the grid of the target, which for a centre frame has one slot."""
    _, height, width = layout.grid(clip)
    return ids % (height * width) if layout.target == 'centre' else ids


def _to_tensor(clip: np.ndarray) -> Tensor:
    """(T, H, W, 3) uint8 -> (1, 3, T, H, W) float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(clip)).permute(3, 0, 1, 2)[None].float() / 255


def _to_pixels(patches: np.ndarray, clip: np.ndarray) -> np.ndarray:
    """(T, h, w) -> (T, H, W, 1)."""
    side = clip.shape[1] // patches.shape[1]
    return patches.repeat(side, axis=1).repeat(side, axis=2)[..., None]
