"""Settings of feature extraction (windows, frame sizes and pixel values) and presets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

PRECISIONS = ('auto', 'float32', 'bfloat16', 'float16')
RESIZES = ('squash', 'crop', 'bicubic', 'smooth')
FINETUNED = 'finetuned'


@dataclass(frozen=True)
class FeatureSettings:
    """Windows of a video, and the preparation of their frames for the model.

    Attributes:
        window: Frames in a window.
        stride: Frames from one window to the next.
        interval: Frames from one frame of a window to the next.
        offset: First frame of the first window.
        resize: 'squash': to ``size`` x ``size``, ignoring the aspect ratio; bilinear, on float
            pixels and without smoothing, as in VideoMAE V2.  'crop': the short side to
            ``short_side``, then the middle square, on uint8 pixels, as `CropViews` in tests.
            'bicubic': the short side to ``size``, then the middle square, as `DiagonalCrop`.
            'smooth': the short side to ``short_side`` by ``interpolation`` with smoothing, then the
            middle square, as transformers and timm prepare frames.
        size: Side of the model's input in pixels.
        short_side: With 'crop' and 'smooth'; None: ``size``.
        interpolation: With 'smooth': 'bilinear' or 'bicubic'.
        mean: Subtracted from pixels in 0 to 255, per channel.
        std: Divisor after that, per channel.
        grid_fps: Frames per second at which all videos are sampled; all numbers of frames are then
            at this rate.  None: each video keeps its own.

    Raises:
        ValueError: A number is out of range, or the kind of resizing is unknown.
    """

    window: int = 16
    stride: int = 4
    interval: int = 1
    offset: int = 0
    resize: str = 'squash'
    size: int = 224
    short_side: int | None = None
    interpolation: str = 'bilinear'
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (255.0, 255.0, 255.0)
    grid_fps: float | None = None

    def __post_init__(self) -> None:
        for name in ('window', 'stride', 'interval', 'size'):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f'{name} of features must be a positive integer, got {value!r}')
        if not isinstance(self.offset, int) or self.offset < 0:
            raise ValueError(f'offset of features must be 0 or more frames, got {self.offset!r}')
        if self.resize not in RESIZES:
            raise ValueError(f'resize must be one of {RESIZES}, got {self.resize!r}')
        cropping = self.resize in ('crop', 'smooth')
        if self.short_side is not None and (not cropping or self.short_side < self.size):
            raise ValueError(
                f'short_side={self.short_side} needs resize="crop" or "smooth" and a size that is '
                f'no larger, got {self.resize!r} and {self.size}'
            )
        if self.interpolation not in ('bilinear', 'bicubic'):
            raise ValueError(f'unknown interpolation {self.interpolation!r}')
        for name in ('mean', 'std'):
            values = tuple(float(value) for value in getattr(self, name))
            if len(values) != 3 or (name == 'std' and min(values) <= 0):
                raise ValueError(f'{name} must be three numbers (positive for std), got {values}')
            object.__setattr__(self, name, values)

    @classmethod
    def of(cls, values: Mapping[str, Any], base: 'FeatureSettings') -> 'FeatureSettings':
        """Replace the fields in ``values`` that are not None; an unknown key is an error."""
        known = [each.name for each in fields(cls)]
        if unknown := sorted(set(values) - set(known)):
            raise ValueError(
                f'unknown settings of features: {", ".join(unknown)}; known: {", ".join(known)}'
            )
        return replace(base, **{key: value for key, value in values.items() if value is not None})

    @property
    def preprocessing(self) -> dict[str, Any]:
        """How frames are prepared, for `FeatureInfo`."""
        values = asdict(self)
        keys = ['resize', 'size', 'mean', 'std']
        if self.resize == 'smooth':
            keys.append('interpolation')
        if self.resize in ('crop', 'smooth'):
            keys.append('short_side')
            values['short_side'] = self.short_side or self.size
        return {key: list(values[key]) if key in ('mean', 'std') else values[key] for key in keys}


# The published features of VideoMAE V2 were made from squashed frames and without the mean and
# deviation of the model's training; keep both to reproduce them.
PRESETS = {
    'videomaev2_thumos14': FeatureSettings(stride=4),
    'videomaev2_fineaction': FeatureSettings(stride=16),
}
PRESET_NAMES = (*PRESETS, FINETUNED)
