"""Contract: features equal those of one window at a time, for every stride and length."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.dataset import Compose, default_collate
from torch import nn

from mmvideomae.analysis.feature_contenders import one_window_at_a_time
from mmvideomae.apis import FeatureExtractor, FeatureSettings, init_model
from mmvideomae.apis.features.extractor import ExtractionError
from mmvideomae.formats.feature_info import FeatureInfo
from mmvideomae.registry import TRANSFORMS
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.readers.pictures import PictureMaker
from mmvideomae.video.streams import FileStream
from tests.support.models import tiny_recognizer, tiny_videomae, tiny_vit
from tests.support.videos import make_broken_video, media_clip, moving_shapes, write_video

FINETUNED = dict(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
PIPELINE = [
    dict(type='OpenVideo', backend='pyav'),
    dict(type='SampleDenseClips', clip_len=4, stride=2, num_clips=2, test_mode=True),
    dict(type='ReadFrames'),
    dict(type='CropViews', size=32, short_side=40),
    dict(type='PackClips'),
]


@pytest.fixture(scope='module')
def model() -> nn.Module:
    torch.manual_seed(0)
    return init_model(Config({'model': tiny_recognizer(), 'test_pipeline': PIPELINE}), device='cpu')


def extractor(model: nn.Module, batch_size: int = 3, **settings: Any) -> FeatureExtractor:
    values = FeatureSettings(**{'window': 4, 'size': 32, **settings})
    return FeatureExtractor(model, settings=values, batch_size=batch_size)


@pytest.mark.parametrize('stride', [1, 4, 16])
@pytest.mark.parametrize('frames', [1, 3, 4, 5, 7, 20, 53])
def test_equals_one_window_at_a_time(
    model: nn.Module, tmp_path: Path, stride: int, frames: int
) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(frames, 48, 80), gop=9)
    one = extractor(model, stride=stride)
    features, info = one(video)
    expected = one_window_at_a_time(model.backbone, video, one.settings)
    assert features.shape == (max((frames - 4) // stride + 1, 1), 32) == expected.shape
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected, atol=1e-4)
    assert info.frames == frames and info.grid.num_steps(frames) == len(features)
    if len(expected) > 1:  # windows must differ for this to show anything
        assert np.abs(np.diff(expected, axis=0)).max() > 1e-2


@pytest.mark.parametrize('settings', [
    dict(interval=3, stride=2),
    dict(interval=4, stride=7, offset=5),
    dict(resize='crop', short_side=40, stride=2, **FINETUNED),
])  # fmt: skip
def test_other_settings(model: nn.Module, tmp_path: Path, settings: dict[str, Any]) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(40, 48, 80))
    one = extractor(model, **settings)
    expected = one_window_at_a_time(model.backbone, video, one.settings)
    np.testing.assert_allclose(one(video).features, expected, atol=1e-4)


@pytest.mark.parametrize('name', ['arm_wrestling.mp4', 'test_xvid.avi', 'people.mp4'])
@pytest.mark.parametrize('stride', [1, 4, 16])
def test_real_clips(model: nn.Module, name: str, stride: int) -> None:
    clip = media_clip(name)
    if clip is None:
        pytest.skip('no real clips here')
    with FileStream(clip) as stream:  # its last part is enough
        offset = max(len(stream) - {1: 30, 4: 80, 16: 200}[stride], 0)
    one = extractor(model, batch_size=16, stride=stride, offset=offset)
    expected = one_window_at_a_time(model.backbone, clip, one.settings)
    assert len(expected) > 3
    np.testing.assert_allclose(one(clip).features, expected, atol=1e-4)


@pytest.mark.parametrize('frames', [1, 3, 4, 5, 19, 20, 21])
@pytest.mark.parametrize('stride', [1, 4, 16])
def test_lengths_around_the_window_on_a_real_clip(
    model: nn.Module, stride: int, frames: int
) -> None:
    clip = media_clip('people.mp4')
    if clip is None:
        pytest.skip('no real clips here')
    with FileStream(clip) as stream:
        offset = len(stream) - frames
    one = extractor(model, stride=stride, offset=offset)
    features = one(clip).features
    assert len(features) == max((frames - 4) // stride + 1, 1)
    expected = one_window_at_a_time(model.backbone, clip, one.settings)
    np.testing.assert_allclose(features, expected, atol=1e-4)


@pytest.mark.parametrize('batch_size', [1, 2, 100])
def test_the_batch_size_does_not_matter(model: nn.Module, tmp_path: Path, batch_size: int) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(30))
    several, one = (extractor(model, size)(video).features for size in (batch_size, 7))
    np.testing.assert_allclose(several, one, atol=1e-5)


def test_each_frame_is_decoded_and_resized_once(
    model: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(30))
    calls = {'decoded': 0, 'resized': 0}
    to_rgb, resize = PictureMaker.__call__, cv2.resize

    def decoded(self, frame):
        calls['decoded'] += 1
        return to_rgb(self, frame)

    def resized(*args, **options):
        calls['resized'] += 1
        return resize(*args, **options)

    monkeypatch.setattr(PictureMaker, '__call__', decoded)
    monkeypatch.setattr(cv2, 'resize', resized)
    assert len(extractor(model, stride=1)(video).features) == 27
    assert calls == {'decoded': 30, 'resized': 30}


def test_finetuned_features_are_those_of_the_recognizers_test(
    model: nn.Module, tmp_path: Path
) -> None:
    """A video of two windows: what reaches the backbone is what the test pipeline gives it."""
    video = write_video(tmp_path / 'a.mp4', moving_shapes(10, 60, 90))
    pipeline = Compose([TRANSFORMS.build(dict(step)) for step in PIPELINE])
    sample = pipeline({'filename': str(video), 'total_frames': -1, 'start_index': 0})
    batch = model.data_preprocessor(default_collate([sample]), False)
    with torch.inference_mode():
        expected = model.extract_feat(batch['inputs'], test_mode=True)[0].numpy()
    found = FeatureExtractor(model, preset='finetuned')(video)
    assert found.info.interval == 2 and found.info.window == 4
    np.testing.assert_allclose(found.features, expected, atol=1e-4)


@pytest.mark.parametrize('config', [
    {'model': tiny_videomae()},
    {'model': {**tiny_recognizer(), 'backbone': tiny_vit('featmap')}},
])  # fmt: skip
def test_tokens_are_averaged(tmp_path: Path, config: dict[str, Any]) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(9))
    one = init_model(Config(config), device='cpu')
    found = extractor(one)(video).features

    def averaged(clip: torch.Tensor) -> torch.Tensor:
        tokens = one.backbone(clip)
        return tokens.mean(1) if tokens.ndim == 3 else tokens.flatten(2).mean(2)

    expected = one_window_at_a_time(averaged, video, extractor(one).settings)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_folder_of_frames(model: nn.Module, tmp_path: Path) -> None:
    frames = moving_shapes(11, 40, 40)
    for number, frame in enumerate(frames, 1):
        cv2.imwrite(str(tmp_path / f'f_{number}.png'), frame[..., ::-1])
    settings = FeatureSettings(window=4, stride=2, size=32)
    one = FeatureExtractor(model, settings=settings, filename_tmpl='f_{}.png', fps=10)
    features, info = one(tmp_path)
    assert (info.reader, info.fps, info.frames, info.duration) == ('frames', 10, 11, 1.1)
    video = write_video(tmp_path / 'a.mkv', frames, codec='ffv1', pix_fmt='bgr0', fps=10)
    np.testing.assert_allclose(features, one(video).features, atol=1e-4)


def test_a_folder_of_frames_is_called_by_its_whole_name(model: nn.Module, tmp_path: Path) -> None:
    for name in ('walk/v1.2', 'run/v1.2'):
        (tmp_path / name).mkdir(parents=True)
        for number in range(4):
            cv2.imwrite(str(tmp_path / name / f'img_{number:05}.jpg'), np.zeros((32, 32, 3)))
    one = extractor(model)
    assert one(tmp_path / 'walk/v1.2').info.video_id == 'v1.2'
    saved = one.save(tmp_path / 'run/v1.2', tmp_path / 'a.npy', video_id='run/v1.2')
    assert saved.video_id == 'run/v1.2'


def test_saved_features_and_their_description(model: nn.Module, tmp_path: Path) -> None:
    video = write_video(tmp_path / 'clip.mp4', moving_shapes(21), fps=30000 / 1001)
    one = extractor(model, stride=2)
    seen: list[tuple[int, int]] = []
    path = tmp_path / 'out' / 'clip.npy'
    info = one.save(video, path, lambda done, total: seen.append((done, total)))
    np.testing.assert_array_equal(np.load(path), one(video).features)
    assert FeatureInfo.read(path) == info
    assert info.fps == pytest.approx(29.97, rel=1e-4)
    assert info.duration == pytest.approx(21 / 29.97, rel=1e-3)
    assert seen == [(3, 9), (6, 9), (9, 9)]
    info.check(one.expected())
    with pytest.raises(ValueError, match="'clip' were made with stride=2, but stride=4"):
        info.check(extractor(model, stride=4).expected())
    assert sorted(each.name for each in path.parent.iterdir()) == ['clip.json', 'clip.npy']


def test_the_hash_tells_weights_apart(tmp_path: Path) -> None:
    config = Config({'model': tiny_recognizer()})
    models = [init_model(config, device='cpu') for _ in range(2)]
    first, second = (extractor(each).checkpoint_sha256 for each in models)
    assert first != second and first == extractor(models[0]).checkpoint_sha256
    path = tmp_path / 'weights.pth'
    torch.save({'state_dict': models[0].state_dict()}, path)
    one = FeatureExtractor(config, path, settings=FeatureSettings(window=4, size=32), device='cpu')
    assert one.checkpoint_sha256 == sha256(path.read_bytes()).hexdigest()


def test_mixed_precision_is_near_and_recorded(model: nn.Module, tmp_path: Path) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(12))
    settings = FeatureSettings(window=4, size=32)
    mixed = FeatureExtractor(model, settings=settings, precision='bfloat16')(video)
    exact = FeatureExtractor(model, settings=settings)(video)
    assert (mixed.info.precision, exact.info.precision) == ('bfloat16', 'float32')
    difference = np.abs(mixed.features - exact.features).max()
    assert 0 < difference < 0.1


@pytest.mark.parametrize('kind', ['truncated', 'truncated_faststart', 'missing_frames', 'text'])
def test_a_broken_video_leaves_nothing(model: nn.Module, tmp_path: Path, kind: str) -> None:
    video = make_broken_video(kind, tmp_path / 'bad.mp4')
    with pytest.raises(VideoReadError, match=r'bad\.mp4'):
        extractor(model).save(video, tmp_path / 'out' / 'bad.npy')
    assert not (tmp_path / 'out').exists() or not list((tmp_path / 'out').iterdir())


def test_features_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(12))
    one = init_model(Config({'model': tiny_recognizer()}), device='cpu')
    made = extractor(one)
    nn.init.constant_(one.backbone.fc_norm.bias, float('nan'))
    with pytest.raises(ExtractionError, match=r'a\.mp4.* not finite in float32'):
        made.save(video, tmp_path / 'out' / 'a.npy')
    assert not list((tmp_path / 'out').iterdir())


def test_windows_that_begin_behind_the_end(model: nn.Module, tmp_path: Path) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(12))
    with pytest.raises(VideoReadError, match='has 12 frames, but the first window begins at 12'):
        extractor(model, offset=12)(video)


def test_an_uneven_rate_is_told(
    model: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        'mmvideomae.apis.features.extractor.print_log', lambda text, **_: told.append(text)
    )
    times = [*np.arange(10) / 25, *(2 + np.arange(10))]
    video = write_video(tmp_path / 'a.mp4', moving_shapes(20), seconds=times)
    extractor(model)(video)
    extractor(model)(write_video(tmp_path / 'b.mp4', moving_shapes(20)))
    assert len(told) == 1 and 'a.mp4' in told[0] and 'frame rate is uneven' in told[0]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(batch_size=0), 'batch_size and fps must be positive'),
        (dict(precision='half'), 'precision must be one of'),
        (dict(checkpoint='a.pth'), 'a checkpoint needs a config'),
        (dict(preset='finetuned', settings=FeatureSettings()), 'complete settings or the preset'),
        (dict(settings=FeatureSettings(window=3, size=32)), 'do not divide'),
    ],
)
def test_wrong_arguments(model: nn.Module, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FeatureExtractor(model, **{'settings': {'size': 32, 'window': 4}, **arguments})


def test_a_model_without_a_backbone() -> None:
    with pytest.raises(ValueError, match='Linear has no backbone'):
        FeatureExtractor(nn.Linear(2, 2), settings=FeatureSettings())


def test_weights_of_the_encoder_are_enough(tmp_path: Path) -> None:
    """The head, and the mixing of labels that it would train with, are not built."""
    cfg = Config({'model': tiny_recognizer(), 'test_pipeline': PIPELINE})
    cfg.model.data_preprocessor.update(blend=dict(mixup_alpha=0.8), label_smoothing=0.1)
    whole = init_model(cfg, device='cpu')
    encoder = {f'backbone.{key}': value for key, value in whole.backbone.state_dict().items()}
    torch.save({'state_dict': encoder}, tmp_path / 'encoder.pth')
    torch.save({'state_dict': whole.state_dict()}, tmp_path / 'whole.pth')
    video = write_video(tmp_path / 'a.mp4', moving_shapes(12, 48, 80))
    expected = FeatureExtractor(whole)(video).features
    for name in ('encoder', 'whole'):
        found = FeatureExtractor(cfg, tmp_path / f'{name}.pth', device='cpu')(video)
        np.testing.assert_array_equal(found.features, expected)
    assert 'cls_head' in cfg.model
