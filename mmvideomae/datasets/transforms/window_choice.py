"""Choose a window of the steps of an untrimmed video, and cut its segments."""

from typing import Any, NamedTuple

import numpy as np

from mmvideomae.ops.feature_grid import FeatureGrid


class Cut(NamedTuple):
    """A window of steps, with the segments that it keeps."""

    first: int
    size: int
    steps: np.ndarray
    """Segments clipped to the window, float64 (n, 2), in steps of the whole video."""
    kept: np.ndarray
    """Which of them to keep, bool (n,)."""

    def apply(self, results: dict[str, Any]) -> None:
        """Make the window the whole sequence: modify ``grid``, and ``steps`` with ``labels``."""
        results['grid'] = results['grid'].cropped(self.first)
        if 'steps' in results:
            results['steps'] = self.steps[self.kept] - self.first
            results['labels'] = results['labels'][self.kept]


class WindowChoice:
    """Draws windows that keep a segment (ActionFormer's training augmentation).

    A video of L steps, at most ``longest``, keeps a window whose length is a uniform integer from
    ``crop_ratio[0] * L`` to ``crop_ratio[1] * L``, rounded; a longer one keeps ``longest`` steps.
    Segments are clipped to the window, half a span beyond the centres of its first and last step,
    and those of which less than ``trunc_thresh`` remains are dropped.  Windows are drawn until one
    keeps a segment, at most ``max_trials`` times; the last one is used.

    Args:
        trunc_thresh: Share of a segment that must remain.
        crop_ratio: For videos not longer than ``longest``; None does not crop them.
        max_trials: Most windows to draw.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        trunc_thresh: float = 0.5,
        crop_ratio: tuple[float, float] | None = (0.9, 1.0),
        max_trials: int = 200,
    ) -> None:
        if max_trials < 1 or not 0 <= trunc_thresh <= 1:
            raise ValueError(
                f'max_trials {max_trials} must be positive, trunc_thresh {trunc_thresh} in [0, 1]'
            )
        if crop_ratio is not None and not 0 < crop_ratio[0] <= crop_ratio[1] <= 1:
            raise ValueError(f'crop_ratio must be a range in (0, 1], got {crop_ratio}')
        self.trunc_thresh = trunc_thresh
        self.crop_ratio = crop_ratio
        self.max_trials = max_trials

    def draw(
        self, length: int, longest: int, grid: FeatureGrid, steps: np.ndarray | None
    ) -> Cut | None:
        """Draw a window; None keeps the whole video.

        Args:
            length: Steps of the video.
            longest: Most steps of a window.
            grid: Times of the steps.
            steps: Segments in steps, float64 (n, 2); None: unknown.
        """
        size = self._size(length, longest)
        if size == length:
            return None
        for _ in range(self.max_trials):
            cut = self.at(int(np.random.randint(length - size + 1)), size, grid, steps)
            if cut.kept.any() or not len(cut.kept):
                break
        return cut

    def at(self, first: int, size: int, grid: FeatureGrid, steps: np.ndarray | None) -> Cut:
        """The window of ``size`` steps from ``first`` on; for the rest, see `draw`."""
        steps = np.empty((0, 2)) if steps is None else steps
        margin = 0.5 * grid.span / grid.stride
        cut = np.clip(steps, first - margin, first + size + margin)
        kept = cut[:, 1] - cut[:, 0] >= self.trunc_thresh * (steps[:, 1] - steps[:, 0])
        return Cut(first, size, cut, kept & (cut[:, 1] > cut[:, 0]))

    def _size(self, length: int, longest: int) -> int:
        if length > longest:
            return longest
        if self.crop_ratio is None:
            return length
        low, high = (round(ratio * length) for ratio in self.crop_ratio)
        return int(np.random.randint(max(low, 1), min(high, length) + 1))

    def __repr__(self) -> str:
        return (
            f'trunc_thresh={self.trunc_thresh}, crop_ratio={self.crop_ratio}, '
            f'max_trials={self.max_trials}'
        )
