"""Settings of feature extraction (windows, frame sizes and pixel values) and presets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from torch import nn

from mmvideomae.configs import steps_of_test

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


def resolve_settings(
    model: nn.Module,
    preset: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> FeatureSettings:
    """The settings for a model: ``values`` override ``preset``, which overrides the config.

    A config may hold ``features = dict(preset=..., stride=..., ...)``.  If no preset is given
    anywhere, frames are prepared as in the model's test ('finetuned').  For an encoder of another
    library, only windows are set; frames are prepared as for its training.

    Args:
        model: From ``init_model``.
        values: Fields of `FeatureSettings`; None leaves one as it is.

    Raises:
        ValueError: A preset or setting is unknown or contradicts the encoder, or the config has no
            settings for clips.
    """
    own = dict(getattr(model, 'cfg', {}).get('features') or {})
    named = own.pop('preset', None)
    if preset is None:
        given = {**own, **{k: v for k, v in (values or {}).items() if v is not None}}
        preset = named or FINETUNED
    else:
        given = dict(values or {})
    if (encoder := getattr(getattr(model, 'backbone', None), 'preprocessing', None)) is not None:
        encoder.refuse_other(given)
        window = model.backbone.num_frames
        base = PRESETS.get(preset) or FeatureSettings(window=window, stride=max(window // 4, 1))
        prepared = {'resize': 'smooth', **encoder._asdict()}
        if given.get('resize') not in (None, 'smooth'):
            raise ValueError(f'resize={given["resize"]!r} contradicts the encoder: leave it out')
        return FeatureSettings.of({**given, **prepared}, base)
    if preset in PRESETS:
        return FeatureSettings.of(given, PRESETS[preset])
    if preset != FINETUNED:
        raise ValueError(f'unknown preset {preset!r}; choose from {", ".join(PRESET_NAMES)}')
    return FeatureSettings.of(given, finetuned_settings(model, given.get('interval')))


def finetuned_settings(model: nn.Module, interval: int | None = None) -> FeatureSettings:
    """The clips of a model's test, or of its pre-training, a quarter of their span apart.

    Args:
        interval: Needed if the test spreads its frames over the whole video.

    Raises:
        ValueError: The config has no pipeline that samples clips and crops them.
    """
    cfg = getattr(model, 'cfg', {})
    steps = steps_of_test(cfg) or steps_of_test({'test_dataloader': cfg.get('train_dataloader')})
    sample = next((step for step in steps if 'clip_len' in step), None)
    crop = next((step for step in steps if step.get('type') in _RESIZES), None)
    mean, std = (getattr(getattr(model, 'data_preprocessor', None), n, None) for n in _STATISTICS)
    if sample is None or crop is None or mean is None or std is None:
        raise ValueError(
            f'the config has no pipeline with clip_len and {" or ".join(_RESIZES)} to take '
            'settings from: '
            f'choose a preset of {", ".join(PRESETS)}, or set features in the config'
        )
    interval, fps = interval or sample.get('stride'), None
    if 'fps' in sample:
        fps = float(sample.get('grid_fps') or sample['fps'])
        interval = interval or round(fps / sample['fps'])
    if interval is None:
        raise ValueError(
            f'{sample["type"]} of the test pipeline spreads the frames of a clip over the whole '
            'video: set the interval between the frames of a window'
        )
    window = sample['clip_len']
    return FeatureSettings(
        window=window,
        stride=max(window * interval // 4, 1),
        interval=interval,
        resize=_RESIZES[crop['type']],
        size=crop['size'],
        short_side=crop.get('short_side'),
        mean=tuple(mean.flatten().tolist()),
        std=tuple(std.flatten().tolist()),
        grid_fps=fps,
    )


_RESIZES = {'CropViews': 'crop', 'DiagonalCrop': 'bicubic'}
_STATISTICS = ('mean', 'std')
