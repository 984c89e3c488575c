"""RandAugment for whole clips, with timm's operators."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from mmvideomae.registry import TRANSFORMS

if TYPE_CHECKING:
    from timm.data.auto_augment import AugmentOp

_FILL = (128, 128, 128)
_MAX_MAGNITUDE = 10.0
_INTERPOLATIONS = {
    'bilinear': Image.Resampling.BILINEAR,
    'bicubic': Image.Resampling.BICUBIC,
}

Operator = Callable[[Image.Image], Image.Image]


@TRANSFORMS.register_module()
class ClipRandAugment(BaseTransform):
    """RandAugment, drawn once for all frames of a clip (V1 and V2, official fine-tuning).

    The defaults are timm's ``rand-m7-n4-mstd0.5-inc1``, which the released code uses; the
    papers print magnitudes of 9 (V1 Table 10) and 0 (V2 Tables 9 and 11).

    ``num_ops`` of timm's 15 operators are drawn with replacement, in the variants whose
    severity grows with the magnitude.  Each is applied with probability ``prob``, at a
    magnitude drawn from a normal distribution around ``magnitude`` and clipped to [0, 10].
    All random numbers, including the sign of a rotation, shear or translation, are drawn
    once and in timm's order: from the same state of ``random`` and ``np.random``, timm's
    own RandAugment gives the same result for each single frame.  Effects of a frame's
    histogram (AutoContrast, Equalize, Contrast) still differ between frames.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)``

    Modified Keys:

    - imgs: uint8 ``(T, H, W, 3)``, new; the array itself if no operator is applied

    Args:
        magnitude: Mean severity of the operators, 0 to 10.
        num_ops: Number of operators to draw.
        magnitude_std: Standard deviation of the severity.
        prob: Probability of applying an operator that was drawn.
        interpolation: Interpolation of operators that move pixels, ``'bicubic'`` or ``'bilinear'``.
    """

    def __init__(
        self,
        magnitude: float = 7,
        num_ops: int = 4,
        magnitude_std: float = 0.5,
        prob: float = 0.5,
        interpolation: str = 'bicubic',
    ) -> None:
        if not 0 <= magnitude <= _MAX_MAGNITUDE or magnitude_std < 0:
            raise ValueError(
                'magnitude must lie in [0, 10] and magnitude_std not below 0, '
                f'got {magnitude} and {magnitude_std}'
            )
        if num_ops < 1 or not 0 <= prob <= 1:
            raise ValueError(f'need num_ops > 0 and prob in [0, 1], got {num_ops} and {prob}')
        if interpolation not in _INTERPOLATIONS:
            known = ', '.join(_INTERPOLATIONS)
            raise ValueError(f'interpolation must be one of {known}, got {interpolation!r}')
        # timm.data takes a second to import, and pre-training does not need it.
        from timm.data import auto_augment

        self.magnitude = magnitude
        self.num_ops = num_ops
        self.magnitude_std = magnitude_std
        self.prob = prob
        self.interpolation = interpolation
        settings = {
            'img_mean': _FILL,
            'interpolation': _INTERPOLATIONS[interpolation],
            'magnitude_std': magnitude_std,
        }
        names = auto_augment.rand_augment_choices('', increasing=True)
        self.operators = auto_augment.rand_augment_ops(magnitude, prob, settings, names)

    def draw(self) -> list[Operator]:
        """Draw the operators of one clip as deterministic functions of a frame."""
        chosen = np.random.choice(len(self.operators), self.num_ops)
        drawn = [_settle(self.operators[number]) for number in chosen]
        return [operator for operator in drawn if operator is not None]

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        operators = self.draw()
        if not operators:
            return results
        imgs = results['imgs']
        augmented = np.empty(imgs.shape, dtype=np.uint8)
        for pixels, target in zip(imgs, augmented, strict=True):
            frame = Image.fromarray(pixels)
            for operator in operators:
                frame = operator(frame)
            target[:] = frame
        results['imgs'] = augmented
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(magnitude={self.magnitude}, num_ops={self.num_ops}, '
            f'magnitude_std={self.magnitude_std}, prob={self.prob}, '
            f'interpolation={self.interpolation!r})'
        )


def _settle(operator: 'AugmentOp') -> Operator | None:
    """Draw now what timm draws on each call of an operator; None: it is not applied."""
    if operator.prob < 1 and random.random() > operator.prob:
        return None
    magnitude = operator.magnitude
    if operator.magnitude_std > 0:
        magnitude = random.gauss(magnitude, operator.magnitude_std)
    magnitude = max(0.0, min(magnitude, _MAX_MAGNITUDE))
    levels = operator.level_fn(magnitude, operator.hparams) if operator.level_fn else ()
    if operator.name == 'PosterizeIncreasing' and levels == (0,):
        # At a magnitude of 10 no bits are left: black in old Pillow, an error in current versions.
        return lambda frame: Image.new(frame.mode, frame.size)
    return lambda frame: operator.aug_fn(frame, *levels, **operator.kwargs)
