"""Turn a model's predictions into pixels: visible, reconstructed and other patches."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

STATISTICS = ('ground_truth', 'visible', 'none')
"""Sources of brightness and contrast for patches that a model predicts normalised."""

MASKED = 205
"""Grey of hidden patches."""
_HATCH = (225, 165)


@dataclass(frozen=True)
class Reconstruction:
    """One clip under one mask.

    Attributes:
        seen: Patches of each frame that the encoder saw, (T, h, w) bool.
        predicted: Patches of each frame that were reconstructed, (T, h, w) bool.
        pixels: The predictions, (T, H, W, 3) float32 in [0, 1]; meaningless elsewhere.
        masked_share: Share of tokens hidden from the encoder.
        note: A sentence about what the pixels use of the original.
        loss: The model's loss on this clip.
        intact: The clip's decoded codes, (T, H, W, 3) float32 in [0, 1], if the model predicts
            codes.  Then all patches of ``pixels`` are decoded, including visible ones.
    """

    seen: np.ndarray
    predicted: np.ndarray
    pixels: np.ndarray
    masked_share: float
    note: str
    loss: float | None = None
    intact: np.ndarray | None = None


def tokenized(frames: Tensor, loss: float | None = None) -> Reconstruction:
    """A view with nothing hidden: frames (T, 3, H, W) in [0, 1], decoded by a tokenizer."""
    pixels = frames.detach().float().cpu().permute(0, 2, 3, 1).numpy()
    seen = np.ones(pixels.shape[:3], bool)
    note = 'Frames are decoded from their own codes.'
    return Reconstruction(seen, ~seen, pixels, 0.0, note, loss, pixels)


def assemble(
    clip: np.ndarray,
    encoder_mask: np.ndarray,
    pred: Tensor,
    token_ids: Tensor,
    target: Any,
    statistics: str = 'ground_truth',
    loss: float | None = None,
    codes: Tensor | None = None,
) -> Reconstruction:
    """Put predictions (M, P) of the tokens ``token_ids`` (M,) into their clip.

    Args:
        clip: The original, (T, H, W, 3) uint8.
        encoder_mask: (N,) bool, True = hidden from the encoder.
        target: The pretrainer's, which must have a method ``draw``.
        statistics: One of ``STATISTICS``; no effect if values are not normalised.
            'ground_truth': each patch's own mean and deviation, as in the papers' figures;
            'visible': those of visible patches, weighted by proximity; 'none'.
        codes: The clip's codes, (t, h, w), if they are the target.

    Raises:
        ValueError: ``statistics`` is unknown, or arrays do not match.
    """
    if statistics not in STATISTICS:
        raise ValueError(f'unknown statistics {statistics!r}; choose one of {STATISTICS}')
    grid = target.grid(*clip.shape[:3])
    if encoder_mask.size != np.prod(grid):
        raise ValueError(f'a mask of {encoder_mask.size} tokens does not fit a grid of {grid}')
    hidden, ids = encoder_mask.astype(bool), token_ids.cpu()
    values, own = pred.detach().float().cpu(), () if codes is None else (codes.cpu(),)
    pixels, note, *intact = target.draw(values, ids, clip, hidden.ravel(), statistics, *own)
    seen, predicted = _coverage(clip, hidden.reshape(grid), ids, target)
    return Reconstruction(seen, predicted, pixels, float(hidden.mean()), note, loss, *intact)


def masked_frames(clip: np.ndarray, view: Reconstruction) -> np.ndarray:
    """The clip as the encoder saw it, (T, H, W, 3) uint8, hidden patches grey."""
    shown = clip if view.intact is None else to_bytes(view.intact)
    return np.where(_to_pixels(view.seen, clip), shown, np.uint8(MASKED))


def reconstructed_frames(clip: np.ndarray, view: Reconstruction) -> np.ndarray:
    """The clip assembled from visible and reconstructed patches, (T, H, W, 3) uint8.

    Visible patches are the original's; patches neither visible nor reconstructed are
    hatched (dual masking, or frames outside the target).  Codes are all decoded.
    """
    pixels = to_bytes(view.pixels)
    if view.intact is not None:
        return pixels
    frames = np.where(_to_pixels(view.predicted, clip), pixels, hatching(*clip.shape[1:3]))
    return np.where(_to_pixels(view.seen, clip), clip, frames)


def to_bytes(pixels: np.ndarray) -> np.ndarray:
    """[0, 1] -> uint8."""
    return np.clip(np.rint(pixels * 255), 0, 255).astype(np.uint8)


def hatching(height: int, width: int) -> np.ndarray:
    """Diagonal stripes, (H, W, 3) uint8."""
    period = max(4, min(height, width) // 28)
    rows, columns = np.ogrid[:height, :width]
    stripes = np.where((rows + columns) % period < period / 2, *map(np.uint8, _HATCH))
    return np.repeat(stripes[..., None], 3, axis=2)


def _coverage(
    clip: np.ndarray, mask: np.ndarray, ids: Tensor, target: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Which patches of each frame were seen and which were predicted, both (T, h, w) bool."""
    frames = np.arange(len(clip))
    slot = frames // (target.tubelet_size * target.stride)
    given = frames % target.stride == 0
    tokens = np.zeros(mask.size, bool)
    tokens[ids.numpy()] = True
    covered = np.isin(frames, target.frames(len(clip)))
    predicted = tokens.reshape(mask.shape)[slot] & covered[:, None, None]
    return ~mask[slot] & given[:, None, None], predicted


def _to_pixels(patches: np.ndarray, clip: np.ndarray) -> np.ndarray:
    """(T, h, w) -> (T, H, W, 1)."""
    side = clip.shape[1] // patches.shape[1]
    return patches.repeat(side, axis=1).repeat(side, axis=2)[..., None]
