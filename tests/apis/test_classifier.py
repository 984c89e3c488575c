"""Contract: VideoClassifier gives the probabilities of the test, for files and for windows."""

import copy
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.dataset import default_collate

from mmvideomae.apis import VideoClassifier, init_model
from mmvideomae.datasets import VideoListDataset
from mmvideomae.errors import NotFiniteError
from mmvideomae.video.readers import VideoReadError
from tests.support.models import tiny_videomae, tiny_vit
from tests.support.videos import media_clip, moving_shapes, write_video

NAMES = ['run', 'eat cake', 'sleep']


def config(clips: int = 2, crops: int = 3, average: str | None = 'prob', **more: Any) -> Config:
    pipeline = [
        {'type': 'OpenVideo'},
        {'type': 'SampleDenseClips', 'clip_len': 4, 'stride': 2, 'num_clips': clips,
         'test_mode': True},
        {'type': 'ReadFrames'},
        {'type': 'CropViews', 'size': 32, 'num_crops': crops},
        {'type': 'PackClips'},
    ]  # fmt: skip
    head = {'type': 'LinearHead', 'num_classes': 3, 'in_channels': 32, 'average_clips': average}
    return Config({
        'default_scope': 'mmvideomae',
        'model': {
            'type': 'Recognizer3D',
            'backbone': tiny_vit('avg'),
            'cls_head': head,
            'data_preprocessor': {'type': 'ClassificationDataPreprocessor'},
            'test_cfg': {'max_testing_views': 4},
        },
        'test_pipeline': pipeline,
        'test_dataloader': {
            'collate_fn': {'type': 'default_collate'},
            'dataset': {'type': 'VideoListDataset', 'pipeline': pipeline, 'classes': NAMES},
        },
        **more,
    })  # fmt: skip


@pytest.fixture(scope='module')
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp('videos')
    shapes = [(30, 40, 64), (7, 64, 40), (24, 48, 48)]
    return [
        write_video(folder / f'v {n}.mp4', moving_shapes(*shape, seed=n), fps=10)
        for n, shape in enumerate(shapes)
    ]


@pytest.fixture(scope='module')
def model() -> torch.nn.Module:
    torch.manual_seed(0)
    built = init_model(config(), device='cpu')
    torch.nn.init.normal_(built.cls_head.fc_cls.weight)  # so that classes differ
    return built


def as_tested(
    model: torch.nn.Module, cfg: Config, videos: list[Path], tmp_path: Path
) -> np.ndarray:
    """Probabilities of each video as a test of the data set gives them."""
    listing = tmp_path / 'list.csv'
    listing.write_text(''.join(f'"{video}" 0\n' for video in videos))
    dataset = VideoListDataset(
        [{'ann_file': str(listing)}], cfg.test_pipeline, test_mode=True, labelled=True
    )
    batches = [default_collate([dataset[number]]) for number in range(len(videos))]
    with torch.no_grad():
        return np.stack([model.test_step(batch)[0].pred_score.numpy() for batch in batches])


def test_a_folder_of_frames_counts_from_any_number(model: torch.nn.Module, tmp_path: Path) -> None:
    for first in (0, 1, 12):
        (tmp_path / str(first)).mkdir()
        for number, frame in enumerate(moving_shapes(9, 40, 64), first):
            cv2.imwrite(str(tmp_path / str(first) / f'img_{number:05}.jpg'), frame)
    classifier = VideoClassifier(model)
    first, *others = classifier([tmp_path / name for name in ('0', '1', '12')])
    for other in others:
        np.testing.assert_allclose(other.scores, first.scores, atol=1e-6)
    counts = [len(classifier.timeline(tmp_path / name, 0.2).scores) for name in ('0', '1')]
    assert counts[0] == counts[1]


@pytest.mark.parametrize('batch_size', [1, 2, 4])
def test_probabilities_are_those_of_a_test(
    model: torch.nn.Module, videos: list[Path], tmp_path: Path, batch_size: int
) -> None:
    found = VideoClassifier(model, batch_size=batch_size)(videos, top_k=2)
    scores = np.stack([one.scores for one in found])
    np.testing.assert_allclose(scores, as_tested(model, config(), videos, tmp_path), atol=1e-5)
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-5)
    assert np.ptp(scores, axis=0).max() > 0.05  # the videos do differ
    for one, video in zip(found, videos, strict=True):
        assert one.video == str(video) and len(one.top) == 2
        assert one.top[0].label == NAMES[one.scores.argmax()]
        assert one.top[0].score == one.scores.max()


def test_one_video_gives_one_prediction(model: torch.nn.Module, videos: list[Path]) -> None:
    classifier = VideoClassifier(model)
    assert classifier(videos[0]).as_json() == classifier([str(videos[0])])[0].as_json()


@pytest.mark.parametrize('average', ['prob', None, 'score'])
def test_any_kind_of_averaging_gives_probabilities(videos: list[Path], average: str | None) -> None:
    found = VideoClassifier(config(average=average), device='cpu')(videos[:1])[0]
    assert found.scores.shape == (3,) and found.scores.sum() == pytest.approx(1, abs=1e-5)
    assert (found.scores > 0).all()


def test_logits_of_views_are_averaged_after_softmax(
    model: torch.nn.Module, videos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = VideoClassifier(model)(videos[0]).scores
    monkeypatch.setattr(model.cls_head, 'average_clips', None)
    np.testing.assert_allclose(VideoClassifier(model)(videos[0]).scores, expected, atol=1e-6)


def test_folder_of_frames(model: torch.nn.Module, tmp_path: Path) -> None:
    frames = moving_shapes(24, 48, 48)
    for number, frame in enumerate(frames, 1):
        cv2.imwrite(str(tmp_path / f'{number:04}.png'), frame[..., ::-1])
    classifier = VideoClassifier(model, filename_tmpl='{:04}.png', fps=10)
    path = write_video(tmp_path / 'v.mkv', frames, fps=10, codec='ffv1', pix_fmt='bgr0')
    np.testing.assert_allclose(classifier(tmp_path).scores, classifier(path).scores, atol=1e-5)
    timelines = [classifier.timeline(video, 1.0) for video in (tmp_path, path)]
    np.testing.assert_allclose(timelines[0].scores, timelines[1].scores, atol=1e-5)


def test_a_window_is_classified_like_a_video_of_its_own(
    model: torch.nn.Module, videos: list[Path], tmp_path: Path
) -> None:
    """Windows of 0.8 s, every 0.5 s, of 3 s: frames 0-7, 5-12, ..., and the last 8."""
    line = VideoClassifier(model, batch_size=2).timeline(videos[0], 0.8, 0.5, all_views=True)
    listing = tmp_path / 'list.csv'
    firsts = [0, 5, 10, 15, 20, 22]
    listing.write_text(''.join(f'"{videos[0]}" {first} 8 0\n' for first in firsts))
    dataset = VideoListDataset(
        [{'ann_file': str(listing)}], config().test_pipeline, test_mode=True, labelled=True
    )
    with torch.no_grad():
        outputs = [model.test_step(default_collate([dataset[n]]))[0] for n in range(len(firsts))]
    np.testing.assert_allclose(line.scores, [out.pred_score.numpy() for out in outputs], atol=1e-5)
    np.testing.assert_allclose(line.starts, np.array(firsts) / 10)
    np.testing.assert_allclose(line.ends, line.starts + 0.8)
    assert np.ptp(line.scores, axis=0).max() > 1e-3


def test_a_timeline_forwards_one_view_unless_told(
    model: torch.nn.Module, videos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    views = []
    forward = model.test_step
    monkeypatch.setattr(
        model, 'test_step', lambda batch: views.append(batch['inputs'].shape[:2]) or forward(batch)
    )
    VideoClassifier(model, batch_size=4).timeline(videos[0], 1.0)
    assert [tuple(shape) for shape in views] == [(4, 1), (1, 1)]
    views.clear()
    VideoClassifier(model, batch_size=8).timeline(videos[0], 1.0, all_views=True)
    assert [tuple(shape) for shape in views] == [(5, 6)]


def test_a_short_video_is_one_window(model: torch.nn.Module, videos: list[Path]) -> None:
    line = VideoClassifier(model).timeline(videos[1], 5.0)
    assert len(line) == 1 and (line[0].start, line[0].end) == (0, pytest.approx(0.7))


def test_progress_is_told(model: torch.nn.Module, videos: list[Path]) -> None:
    told: list[tuple[int, int]] = []
    classifier = VideoClassifier(model, batch_size=2)
    classifier(videos, progress=lambda *step: told.append(step))
    classifier.timeline(videos[0], 1.0, progress=lambda *step: told.append(step))
    assert told == [(2, 3), (3, 3), (2, 5), (4, 5), (5, 5)]


def test_live_of_a_file_follows_its_windows(model: torch.nn.Module, videos: list[Path]) -> None:
    found = list(VideoClassifier(model).live(str(videos[0]), window_seconds=0.5, seconds=1.0))
    spans = [span for span, _ in found]
    assert 1 <= len(spans) <= 7 and spans[-1].end == pytest.approx(1.0, abs=0.25)
    assert all(span.end - span.start <= 0.5 + 1e-6 for span in spans)
    assert all(a.end < b.end for a, b in pairwise(spans))
    assert {span.label for span in spans} <= set(NAMES)
    assert all(frame.shape == (40, 64, 3) for _, frame in found)


def test_what_is_wrong_is_said_in_one_line(
    model: torch.nn.Module, videos: list[Path], tmp_path: Path
) -> None:
    nameless = config()
    nameless.test_dataloader.dataset.pop('classes')
    bare = config()
    bare.pop('test_pipeline')
    bare.test_dataloader.dataset.pop('pipeline')
    foreign = config()
    foreign.test_dataloader.dataset.pipeline[0].type = 'DecordInit'
    pretraining = Config({'default_scope': 'mmvideomae', 'model': tiny_videomae()})
    for told, call in (
        ('--classes FILE', lambda: VideoClassifier(nameless, device='cpu')),
        (
            'lists 2 classes, but the model has 3',
            lambda: VideoClassifier(model, classes=['a', 'b']),
        ),
        ('no test_pipeline', lambda: VideoClassifier(bare, device='cpu')),
        ('VideoMAE is not a recognizer', lambda: VideoClassifier(pretraining, device='cpu')),
        ('batch_size must be positive', lambda: VideoClassifier(model, batch_size=0)),
        ('a checkpoint needs a config', lambda: VideoClassifier(model, tmp_path / 'x.pth')),
        ('must be positive seconds', lambda: VideoClassifier(model).timeline(videos[0], 0)),
        ('window must be positive', lambda: list(VideoClassifier(model).live('0', -1))),
    ):
        with pytest.raises(ValueError, match=told) as error:
            call()
        assert '\n' not in str(error.value)
    for call in (VideoClassifier(model), VideoClassifier(model).timeline):
        with pytest.raises(VideoReadError, match='no such file'):
            call(tmp_path / 'none.mp4')


def test_pipelines_that_cannot_be_cut_are_refused(
    model: torch.nn.Module, videos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = VideoClassifier(model)
    monkeypatch.setattr(classifier, '_steps', [{'type': 'DecordInit'}, {'type': 'DecordDecode'}])
    with pytest.raises(ValueError, match='must begin with OpenVideo'):
        classifier.timeline(videos[0])


def test_real_clip(model: torch.nn.Module) -> None:
    path = media_clip('arm_wrestling.mp4')
    if path is None:
        pytest.skip('no real clips here')
    line = VideoClassifier(model, batch_size=8).timeline(path, 2.0, 1.0)
    assert len(line) == 9 and line[-1].end == pytest.approx(10.0, abs=0.1)


def test_scores_that_are_not_finite_are_refused(model: torch.nn.Module, videos: list[Path]) -> None:
    """The first of them would be the best class, and JSON has no word for them."""
    broken = copy.deepcopy(model)
    broken.cls_head.fc_cls.bias.data[1] = float('nan')
    classifier = VideoClassifier(broken)
    told = rf'scores of video .*v 1\.mp4.* are not finite.*{type(broken).__name__}'
    for run in (
        lambda: classifier(videos[1]),
        lambda: classifier.timeline(videos[1]),
        lambda: next(classifier.live(str(videos[1]), 0.2)),
    ):
        with pytest.raises(NotFiniteError, match=told):
            run()


@pytest.mark.parametrize('average', ['prob', 'score', None])
def test_classes_of_a_clip_with_several_labels_have_a_probability_each(
    videos: list[Path], average: str | None
) -> None:
    cfg = config(average=average)
    cfg.model.cls_head.multi_class = True
    model = init_model(cfg, device='cpu')
    torch.nn.init.zeros_(model.cls_head.fc_cls.weight)
    model.cls_head.fc_cls.bias.data = torch.tensor([2.0, 1.0, -3.0])
    found = VideoClassifier(model)(videos[0], threshold=0.6)
    expected = torch.tensor([2.0, 1.0, -3.0]).sigmoid().numpy()
    np.testing.assert_allclose(found.scores, expected, rtol=1e-5)
    assert [one.label for one in found.top] == NAMES[:2]
    assert VideoClassifier(model)(videos[:1], threshold=0.9)[0].top == ()
