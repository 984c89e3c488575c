"""Contract: options override the preset, which overrides the config; presets are the papers'."""

from typing import Any

import pytest
from mmengine import Config
from torch import nn

from mmvideomae.apis import init_model
from mmvideomae.apis.features.resolved import resolve_settings
from mmvideomae.apis.features.settings import PRESET_NAMES, PRESETS, FeatureSettings
from mmvideomae.ops.feature_grid import FeatureGrid
from tests.support.models import tiny_recognizer

PIPELINE = [
    dict(type='OpenVideo'),
    dict(type='SampleDenseClips', clip_len=4, stride=2, num_clips=5, test_mode=True),
    dict(type='ReadFrames'),
    dict(type='CropViews', size=32, num_crops=3, short_side=40),
    dict(type='PackClips'),
]


def model(**content: Any) -> nn.Module:
    return init_model(Config({'model': tiny_recognizer(), **content}), device='cpu')


@pytest.mark.parametrize(('name', 'stride'), [
    ('videomaev2_thumos14', 4),
    ('videomaev2_fineaction', 16),
])  # fmt: skip
def test_published_presets(name: str, stride: int) -> None:
    """recipes of VideoMAE V2's extraction: 16 consecutive frames, squashed, only divided by 255."""
    settings = PRESETS[name]
    assert (settings.window, settings.interval, settings.stride) == (16, 1, stride)
    assert settings.preprocessing == {
        'resize': 'squash',
        'size': 224,
        'mean': [0.0, 0.0, 0.0],
        'std': [255.0, 255.0, 255.0],
    }


def test_finetuned_is_the_test_of_the_config() -> None:
    settings = resolve_settings(model(test_pipeline=PIPELINE), 'finetuned')
    assert settings == FeatureSettings(
        window=4,
        stride=2,
        interval=2,
        resize='crop',
        size=32,
        short_side=40,
        mean=settings.mean,
        std=settings.std,
    )
    assert settings.mean == pytest.approx((123.675, 116.28, 103.53))
    assert settings.std == pytest.approx((58.395, 57.12, 57.375))


@pytest.mark.parametrize('name', PRESET_NAMES)
@pytest.mark.parametrize('fps', [10.0, 25.0, 30000 / 1001, 60.0])
def test_seconds_and_steps_of_every_preset(name: str, fps: float) -> None:
    settings = resolve_settings(model(test_pipeline=PIPELINE), name)
    grid = FeatureGrid(fps, settings.stride, settings.window, settings.interval, settings.offset)
    for seconds in (0.0, 0.01, 7.7, 1234.5):
        assert abs(grid.to_seconds(grid.to_steps(seconds)) - seconds) < 0.5 / fps


def test_what_overrides_what() -> None:
    one = model(test_pipeline=PIPELINE, features=dict(preset='videomaev2_thumos14', stride=8))
    assert resolve_settings(one).stride == 8
    assert resolve_settings(one, values={'stride': 2, 'window': None}).stride == 2
    assert resolve_settings(one).window == 16
    # A preset that is asked for is that preset, whatever the config has changed of its own.
    assert resolve_settings(one, 'videomaev2_fineaction').stride == 16
    assert resolve_settings(model(test_pipeline=PIPELINE)).resize == 'crop'


def test_a_test_without_interval_asks_for_one() -> None:
    steps = [dict(type='SampleSegments', clip_len=4), *PIPELINE[2:]]
    one = model(test_pipeline=steps)
    with pytest.raises(ValueError, match=r'SampleSegments .* set the interval'):
        resolve_settings(one)
    assert resolve_settings(one, values={'interval': 3}).interval == 3


def test_a_config_without_a_test() -> None:
    with pytest.raises(ValueError, match='choose a preset of videomaev2_thumos14'):
        resolve_settings(model())
    assert resolve_settings(model(), 'videomaev2_thumos14').window == 16


def test_what_was_only_pre_trained_takes_clips_as_in_training() -> None:
    """The middle of frames at the size of the training crops, which are inside RepeatAugment."""
    crop = dict(type='ClipMultiScaleCrop', size=32)
    pipeline = [
        dict(type='OpenVideo'),
        dict(type='SampleClip', clip_len=4, stride=2),
        dict(type='ReadFrames'),
        dict(type='RepeatAugment', num_repeats=2, transforms=dict(crop=crop)),
        dict(type='PackClips'),
    ]
    pretrained = model(train_dataloader={'dataset': {'pipeline': pipeline}})
    settings = resolve_settings(pretrained, values={'short_side': 40})
    assert (settings.window, settings.interval, settings.stride) == (4, 2, 2)
    assert (settings.resize, settings.size, settings.short_side) == ('crop', 32, 40)
    tests = resolve_settings(model(test_dataloader={'dataset': {'pipeline': PIPELINE}}))
    assert (settings.mean, settings.std) == (tests.mean, tests.std)


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'stride': 0}, 'stride of features must be a positive integer, got 0'),
        ({'window': 2.5}, 'window of features must be a positive integer, got 2.5'),
        ({'offset': -1}, 'offset of features must be 0 or more'),
        ({'resize': 'stretch'}, "got 'stretch'"),
        ({'short_side': 100}, 'short_side=100 needs'),
        ({'std': (1, 0, 1)}, 'positive for std'),
        ({'mean': (1, 1)}, 'must be three numbers'),
        ({'strid': 4}, 'unknown settings of features: strid'),
    ],
)
def test_settings_that_make_no_sense(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolve_settings(model(), 'videomaev2_thumos14', values)


def test_an_unknown_preset() -> None:
    with pytest.raises(ValueError, match="unknown preset 'v2'; choose from videomaev2_thumos14"):
        resolve_settings(model(), 'v2')


def test_an_encoder_of_another_library_prepares_frames_itself() -> None:
    """The config and the options set windows; what contradicts the encoder is refused."""
    backbone = dict(
        type='TimmFrameBackbone',
        name='vit_tiny_patch16_224.augreg_in21k',
        pretrained=False,
        num_frames=12,
    )
    preprocessor = dict(type='ClassificationDataPreprocessor')
    parts = dict(type='Recognizer3D', backbone=backbone, data_preprocessor=preprocessor)
    one = init_model(Config({'model': parts, 'features': dict(interval=2)}), device='cpu')
    own = one.backbone.preprocessing
    expected = FeatureSettings(window=12, stride=3, interval=2, resize='smooth', **own._asdict())
    assert resolve_settings(one) == expected
    assert resolve_settings(one, values={'stride': 5, 'size': 224}).stride == 5
    preset = resolve_settings(one, 'videomaev2_fineaction')
    assert (preset.window, preset.stride, preset.mean) == (16, 16, expected.mean)
    for given in (dict(size=256), dict(mean=(0, 0, 0)), dict(resize='squash')):
        with pytest.raises(ValueError, match=r'contradicts the encoder.*leave it out'):
            resolve_settings(one, values=given)
