"""Change the colours of the views that MoCo v3 compares."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from torch import Tensor
from torchvision.transforms.v2 import functional

from mmvideomae.registry import TRANSFORMS

Change = Callable[[Tensor], Tensor]
"""Changes frames (n, 3, H, W) uint8."""

_AT_ONCE = 16  # frames, whose copies in other formats fit into the cache
_ADJUST: tuple[tuple[str, Change], ...] = (
    ('brightness_factor', functional.adjust_brightness),
    ('contrast_factor', functional.adjust_contrast),
    ('saturation_factor', functional.adjust_saturation),
    ('hue_factor', functional.adjust_hue),
)


@TRANSFORMS.register_module()
class ClipColorViews(BaseTransform):
    """Jitter, remove, blur and invert the colours of a clip, all of its frames alike.

    With a probability each, in this order: jitter of brightness, contrast, saturation and hue in
    random order; grey; Gaussian blur; and solarisation, which inverts values from 128 on.  The
    views that `RepeatAugment` makes of a clip have different probabilities (BYOL's augmentation,
    which MoCo v3 uses).

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)`` RGB
    - repeat (optional: number of the view, 0 if absent)

    Modified Keys:

    - imgs: new

    Args:
        jitter: Probability of the jitter.
        strength: Of brightness, contrast, saturation (factors of 1 - s to 1 + s) and hue (a share
            of the circle, from -s to s).
        grey: Probability.
        blur: Probability in each view.
        sigma: Range of the standard deviation of the blur, in pixels.
        solarise: Probability in each view.

    Raises:
        ValueError: A probability or a strength is out of range, or the views differ in number.
    """

    def __init__(
        self,
        jitter: float = 0.8,
        strength: Sequence[float] = (0.4, 0.4, 0.2, 0.1),
        grey: float = 0.2,
        blur: Sequence[float] = (1.0, 0.1),
        sigma: Sequence[float] = (0.1, 2.0),
        solarise: Sequence[float] = (0.0, 0.2),
    ) -> None:
        chances = [jitter, grey, *blur, *solarise]
        if not all(0 <= each <= 1 for each in chances) or len(blur) != len(solarise):
            raise ValueError(
                f'blur and solarise need a probability for each view, jitter and grey one; got '
                f'{blur}, {solarise}, {jitter} and {grey}'
            )
        if len(strength) != 4 or min(strength) < 0 or max(strength) > 1 or strength[3] > 0.5:
            raise ValueError(
                'strength needs four values up to 1, 1, 1 and 0.5 for brightness, contrast, '
                f'saturation and hue, got {strength}'
            )
        self.jitter, self.strength, self.grey = jitter, tuple(strength), grey
        self.blur, self.sigma, self.solarise = tuple(blur), tuple(sigma), tuple(solarise)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        view = results.get('repeat', 0)
        if view >= len(self.blur):
            raise ValueError(
                f'ClipColorViews has probabilities for {len(self.blur)} views: set num_repeats of '
                'RepeatAugment to that'
            )
        changes = self._draw(view)
        frames = torch.from_numpy(results['imgs']).permute(0, 3, 1, 2)
        changed = np.empty(results['imgs'].shape, np.uint8)
        for first in range(0, len(frames), _AT_ONCE):
            part = frames[first : first + _AT_ONCE]
            for change in changes:
                part = change(part)
            changed[first : first + _AT_ONCE] = part.permute(0, 2, 3, 1).numpy()
        results['imgs'] = changed
        return results

    def _draw(self, view: int) -> list[Change]:
        """Draw the changes of one clip, in order."""
        changes = self._jitter() if np.random.rand() < self.jitter else []
        if np.random.rand() < self.grey:
            changes.append(partial(functional.rgb_to_grayscale, num_output_channels=3))
        if np.random.rand() < self.blur[view]:
            sigma = float(np.random.uniform(*self.sigma))
            # Three standard deviations on each side.
            size = 2 * max(1, round(3 * sigma)) + 1
            changes.append(partial(functional.gaussian_blur, kernel_size=size, sigma=[sigma] * 2))
        if np.random.rand() < self.solarise[view]:
            changes.append(partial(functional.solarize, threshold=128))
        return changes

    def _jitter(self) -> list[Change]:
        changes: list[Change] = []
        for kind in np.random.permutation(4):
            s = self.strength[kind]
            middle = 0.0 if kind == 3 else 1.0
            name, change = _ADJUST[kind]
            factor = float(np.random.uniform(middle - s, middle + s))
            changes.append(partial(change, **{name: factor}))
        return changes

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(jitter={self.jitter}, strength={self.strength}, '
            f'grey={self.grey}, blur={self.blur}, sigma={self.sigma}, solarise={self.solarise})'
        )
