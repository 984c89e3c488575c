"""Contract: extraction of many videos can continue, and a failed video does not stop the rest."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config
from torch import nn

from mmvideomae.apis import FeatureExtractor, FeatureSettings, init_model
from mmvideomae.apis.features.jobs import extract_all
from mmvideomae.formats.feature_info import FeatureInfo
from mmvideomae.jobs.video_jobs import Outcome, jobs_of
from tests.support.models import tiny_recognizer
from tests.support.videos import make_broken_video, moving_shapes, write_video


@pytest.fixture(scope='module')
def model() -> nn.Module:
    torch.manual_seed(0)
    return init_model(Config({'model': tiny_recognizer()}), device='cpu')


def extractor(model: nn.Module, **settings: Any) -> FeatureExtractor:
    return FeatureExtractor(
        model, settings=FeatureSettings(**{'window': 4, 'size': 32, **settings})
    )


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / 'videos'
    for name, frames in (('a.mp4', 12), ('b.c.mp4', 9), ('deep/a.mkv', 3)):
        write_video(folder / name, moving_shapes(frames))
    return folder


def last(outcomes: Any) -> Outcome:
    return list(outcomes)[-1]


def test_finished_videos_are_skipped_and_a_run_continues(
    model: nn.Module, videos: Path, tmp_path: Path
) -> None:
    out, one = tmp_path / 'out', extractor(model)
    jobs = jobs_of(videos)
    running = extract_all(one, jobs, out)
    next(running), next(running)
    running.close()  # interrupted after the first video
    assert sorted(path.name for path in out.rglob('*.npy')) == ['a.npy']
    stamp = (out / 'a.npy').stat().st_mtime_ns
    outcome = last(extract_all(one, jobs, out))
    assert (outcome.skipped, outcome.done, outcome.failed) == (['a'], ['b.c', 'deep/a'], {})
    assert outcome.units == 2 + 1
    assert (out / 'a.npy').stat().st_mtime_ns == stamp
    for job in jobs:
        path = out / f'{job.video_id}.npy'
        np.testing.assert_array_equal(np.load(path), one(job.path).features)
        FeatureInfo.read(path).check(one.expected())
    assert last(extract_all(one, jobs, out)).skipped == ['a', 'b.c', 'deep/a']


def test_other_settings_or_weights_are_refused_before_anything_is_done(
    model: nn.Module, videos: Path, tmp_path: Path
) -> None:
    out, jobs = tmp_path / 'out', jobs_of(videos)
    last(extract_all(extractor(model), jobs[1:2], out))
    told = r"'b\.c' were made with stride=4.* choose another output folder"
    with pytest.raises(ValueError, match=told):
        last(extract_all(extractor(model, stride=2), jobs, out))
    other = init_model(Config({'model': tiny_recognizer()}), device='cpu')
    with pytest.raises(ValueError, match='made with checkpoint_sha256='):
        last(extract_all(extractor(other), jobs, out))
    (out / 'b.c.json').unlink()
    with pytest.raises(ValueError, match=r'no b\.c\.json beside it: it was not extracted by'):
        last(extract_all(extractor(model), jobs, out))
    assert [path.name for path in out.iterdir()] == ['b.c.npy']


def test_a_bad_video_is_recorded_and_forgotten_when_it_is_mended(
    model: nn.Module, videos: Path, tmp_path: Path
) -> None:
    out, one = tmp_path / 'out', extractor(model)
    make_broken_video('truncated', videos / 'a.mp4')
    outcome = last(extract_all(one, jobs_of(videos), out))
    assert outcome.done == ['b.c', 'deep/a'] and list(outcome.failed) == ['a']
    assert outcome.failed['a'] in (out / 'a.error').read_text()
    assert not (out / 'a.npy').exists() and not (out / 'a.json').exists()
    write_video(videos / 'a.mp4', moving_shapes(12))
    outcome = last(extract_all(one, jobs_of(videos), out))
    assert outcome.done == ['a'] and outcome.failed == {}
    assert not (out / 'a.error').exists()


def test_progress_names_the_video_and_its_windows(
    model: nn.Module, videos: Path, tmp_path: Path
) -> None:
    seen: list[tuple[str, int, int]] = []
    last(extract_all(extractor(model), jobs_of(videos), tmp_path, lambda *now: seen.append(now)))
    assert seen == [('a', 3, 3), ('b.c', 2, 2), ('deep/a', 1, 1)]
