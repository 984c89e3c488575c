"""Contract: encoders of codes give the features of their clips, and tokenize each frame once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config
from torch import nn

from mmvideomae.apis import FeatureExtractor, init_model
from mmvideomae.apis.features.settings import FeatureSettings
from mmvideomae.apis.inference import without_head
from mmvideomae.datasets.transforms import DiagonalCrop
from mmvideomae.formats.feature_files import FeatureError, FeatureFormat, inspect_features
from mmvideomae.ops.codes import encode_frames
from mmvideomae.ops.seconds import resample_frames
from mmvideomae.video.streams import FileStream
from tests.support.codes import code_test_pipeline, tiny_code_recognizer, tiny_vimpac
from tests.support.videos import moving_shapes, write_video


def built(model: dict[str, Any] | None = None, **sample: Any) -> nn.Module:
    torch.manual_seed(0)
    pipeline = code_test_pipeline(**sample)
    return init_model(
        Config({'model': model or tiny_code_recognizer(), 'test_pipeline': pipeline}), device='cpu'
    )


def pretrained() -> nn.Module:
    """A pretrainer, whose config has a pipeline of training alone."""
    torch.manual_seed(0)
    opened = {'type': 'OpenCodes', 'folder': 'codes', 'fps': 5, 'size': 32}
    sample = {'type': 'SampleFps', 'clip_len': 4, 'fps': 5, 'num_clips': 2}
    pipeline = [opened, sample, {'type': 'ReadCodes'}, {'type': 'PackClips'}]
    data = {'dataset': {'type': 'VideoListDataset', 'pipeline': pipeline}}
    return init_model(Config({'model': tiny_vimpac(), 'train_dataloader': data}), device='cpu')


def one_window_at_a_time(model: nn.Module, video: Path, settings: FeatureSettings) -> np.ndarray:
    stream = FileStream(video)
    with stream:
        shown = resample_frames(stream.times, stream.duration, settings.grid_fps)
        pictures = dict(stream.in_order(sorted(set(shown.tolist()))))
    cutter = DiagonalCrop(settings.size)
    frames = np.stack([cutter.cut(pictures[n], cutter.views)[0] for n in shown.tolist()])
    codes = encode_frames(model.data_preprocessor.tokenizer.encode, torch.from_numpy(frames))
    span = settings.window * settings.interval
    steps = max((len(shown) - span) // settings.stride + 1, 1)
    found = []
    for step in range(steps):
        places = step * settings.stride + np.arange(settings.window) * settings.interval
        clip = codes[np.minimum(places, len(shown) - 1)]
        with torch.no_grad():
            found.append(model.backbone(clip[None])[0].numpy())
    return np.stack(found)


def test_settings_are_in_frames_of_the_rate_that_clips_are_drawn_at() -> None:
    settings = FeatureExtractor(built()).settings
    assert (settings.grid_fps, settings.window, settings.interval, settings.stride) == (5, 4, 1, 1)
    assert (settings.resize, settings.size) == ('bicubic', 32)
    settings = FeatureExtractor(built(grid_fps=20)).settings
    assert (settings.grid_fps, settings.window, settings.interval, settings.stride) == (20, 4, 4, 4)


@pytest.mark.parametrize(('fps', 'sample'), [(25.0, {}), (29.97, {'grid_fps': 10}), (3.0, {})])
def test_equals_one_window_at_a_time(fps: float, sample: dict[str, Any], tmp_path: Path) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(40, 48, 80), fps=fps)
    model = built(**sample)
    extractor = FeatureExtractor(model, batch_size=3)
    model.data_preprocessor.tokenizer.calls.clear()
    features, info = extractor(video)
    tokenized = sum(model.data_preprocessor.tokenizer.calls)
    np.testing.assert_allclose(
        features, one_window_at_a_time(model, video, extractor.settings), atol=1e-5
    )
    assert len(features) > 1
    assert np.abs(np.diff(features, axis=0)).max() > 1e-3
    # Times are those of the video: features are counted in frames of an even rate.
    assert info.fps == extractor.settings.grid_fps
    assert info.grid.num_steps(info.frames) == len(features)
    assert abs(info.frames / info.fps - 40 / fps) <= 1 / info.fps
    assert tokenized <= info.frames + 1  # and one to see what a code looks like
    # An annotation tells the rate of the video itself.
    np.save(tmp_path / 'a.npy', features)
    info.write(tmp_path / 'a.npy')
    assert inspect_features('a', tmp_path / 'a.npy', FeatureFormat(), fps=fps).steps == len(
        features
    )
    with pytest.raises(FeatureError, match=f'of {info.video_fps:g} fps, but the annotation says 7'):
        inspect_features('a', tmp_path / 'a.npy', FeatureFormat(), fps=7)


def test_a_pretrainers_feature_is_cls(tmp_path: Path) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(40, 48, 80))
    pretrainer = pretrained()
    classifier = built()
    classifier.backbone.load_state_dict(pretrainer.backbone.state_dict())
    found = [FeatureExtractor(model)(video).features for model in (pretrainer, classifier)]
    np.testing.assert_array_equal(*found)


def test_a_classifier_gives_features_without_its_head(tmp_path: Path) -> None:
    classifier = built()
    torch.save({'state_dict': classifier.state_dict()}, tmp_path / 'a.pth')
    cfg = classifier.cfg
    headless = init_model(without_head(cfg), tmp_path / 'a.pth', device='cpu')
    for key, value in headless.state_dict().items():
        assert torch.equal(value, classifier.state_dict()[key]), key
    assert not hasattr(headless, 'cls_head') and len(headless.state_dict()) > 3


def test_a_model_of_codes_alone_is_refused_in_one_line() -> None:
    config = {'type': 'CodeClassificationPreprocessor', 'num_codes': 16}
    with pytest.raises(ValueError, match='but features are extracted from videos: set'):
        FeatureExtractor(built(tiny_code_recognizer(data_preprocessor=config)))
