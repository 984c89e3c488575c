"""Find the settings of feature extraction for a model."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from mmvideomae.apis.features.settings import FINETUNED, PRESET_NAMES, PRESETS, FeatureSettings
from mmvideomae.configs import steps_of_test
from mmvideomae.registry import steps_of

_RESIZES = {
    'CropViews': 'crop',
    'DiagonalCrop': 'bicubic',
    'ClipMultiScaleCrop': 'crop',
    'ClipRandomResizedCrop': 'crop',
}
"""How frames are cropped in tests, and how they are for what was only pre-trained."""
_STATISTICS = ('mean', 'std')


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
    steps += [inner for step in steps for inner in steps_of(step.get('transforms') or ())]
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
