"""Contract: class_scores.py writes what external_scores reads, in the detector's order."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config

from mmvideomae.apis import VideoClassifier, init_model
from mmvideomae.jobs.video_jobs import Job
from mmvideomae.models.localizers.decoding import ExternalScores
from mmvideomae.preparation.segments.class_scores import (
    ClassScoreError,
    ClassScorer,
    detector_classes,
    named_by,
)
from tests.support.models import tiny_recognizer
from tests.support.tools import CallTool, Outcome
from tests.support.videos import make_broken_video, moving_shapes, write_video

NAMES = ('run', 'eat cake', 'sleep', 'jump')  # the classifier's
ORDER = ('jump', 'run', 'sleep')  # the detector's
VIDEOS = {'v_a': 30, 'v_b': 50}


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tiny.py, tiny.pth, videos/v_{a,b}.mp4, and an annotation with the labels of `ORDER`."""
    folder = tmp_path_factory.mktemp('scores')
    pipeline = [
        {'type': 'OpenVideo'},
        {'type': 'SampleClip', 'clip_len': 4, 'stride': 2, 'test_mode': True},
        {'type': 'ReadFrames'},
        {'type': 'CropViews', 'size': 32},
        {'type': 'PackClips'},
    ]
    cfg = Config(
        {
            'default_scope': 'mmvideomae',
            'model': tiny_recognizer(),
            'test_dataloader': {
                'collate_fn': {'type': 'default_collate'},
                'dataset': {'pipeline': pipeline, 'classes': list(NAMES)},
            },
        }
    )
    cfg.dump(folder / 'tiny.py')
    torch.manual_seed(0)
    model = init_model(cfg, device='cpu')
    torch.nn.init.normal_(model.cls_head.fc_cls.weight)  # so that classes differ
    torch.save({'state_dict': model.state_dict()}, folder / 'tiny.pth')
    for seed, (name, frames) in enumerate(VIDEOS.items()):
        write_video(folder / f'videos/{name}.mp4', moving_shapes(frames, seed=seed), fps=10)
    rows = [{'segment': [0, 1], 'label': name} for name in ORDER[::-1]]
    (folder / 'truth.json').write_text(json.dumps({'database': {'a': {'annotations': rows}}}))
    return folder


@pytest.fixture
def run(call_tool: CallTool, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'SLURM_ARRAY_TASK_ID'):
        monkeypatch.delenv(name, raising=False)

    def call(out: Path, *options: object, videos: Path | None = None) -> Outcome:
        files = [folder / 'tiny.py', folder / 'tiny.pth', videos or folder / 'videos', out]
        order = () if '--classes' in options else ('--annotation', folder / 'truth.json')
        words = (*files, *order, '--device', 'cpu', *options)
        return call_tool('misc/class_scores.py', *words)

    return call


def expected(folder: Path, name: str, window: float | None = None) -> np.ndarray:
    model = init_model(folder / 'tiny.py', folder / 'tiny.pth', device='cpu')
    classifier, video = VideoClassifier(model), folder / f'videos/{name}.mp4'
    if window is None:
        scores = classifier(video).scores
    else:
        scores = classifier.timeline(video, window).scores.max(axis=0)
    return np.array([scores[NAMES.index(each)] for each in ORDER])


def test_the_file_names_the_classes_of_a_detector(run: Any, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / 'new/scores.json'
    status, text, _ = run(out, '--name', 'v_{}', '--json')
    summary = json.loads(text)
    assert status == 0 and summary['missing'] == 0 and summary['settings']['classes'] == [*ORDER]
    read = ExternalScores.read(out)
    assert set(read.scores) == {'a', 'b'}
    for name in 'ab':
        np.testing.assert_allclose(read.scores[name], expected(folder, f'v_{name}'), atol=1e-6)
    # The same command continues, and another one is told apart.
    assert json.loads(run(out, '--name', 'v_{}', '--json')[1])['skipped'] == 2
    (tmp_path / 'other.txt').write_text('run\njump\n')
    status, _, error = run(out, '--name', 'v_{}', '--classes', tmp_path / 'other.txt')
    assert status == 1 and 'made with another classes: choose another OUT' in error


def test_windows_count_with_their_best(run: Any, folder: Path, tmp_path: Path) -> None:
    assert run(tmp_path / 's.json', '--window', 1.5)[0] == 0
    read = ExternalScores.read(tmp_path / 's.json')
    whole, best = (expected(folder, 'v_b', window) for window in (None, 1.5))
    np.testing.assert_allclose(read.scores['v_b'], best, atol=1e-6)
    assert np.abs(whole - best).max() > 1e-4


def test_a_broken_video_costs_no_other(run: Any, folder: Path, tmp_path: Path) -> None:
    videos = tmp_path / 'videos'
    videos.mkdir()
    (videos / 'v_a.mp4').symlink_to(folder / 'videos/v_a.mp4')
    make_broken_video('text', videos / 'v_z.mp4')
    status, text, _ = run(tmp_path / 's.json', videos=videos)
    assert status == 3 and '1 of 2 videos have no scores yet' in text
    assert set(ExternalScores.read(tmp_path / 's.json').scores) == {'v_a'}
    assert (tmp_path / 's.parts/v_z.error').is_file()


@pytest.mark.parametrize(
    ('options', 'told'),
    [
        (['--name', 'x_{}'], "v_a.mp4 is not named like 'x_{}'"),
        (['--name', 'v_'], "'v_' has no {} where the name of the video is"),
        (['--classes', 'few.txt'], "does not know 1 of 2 classes, such as 'runs'; did you mean"),
        (['--window', '0'], '--window must be positive'),
    ],
)
def test_wrong_input_ends_in_one_line(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path('few.txt').write_text('jump\nruns\n')
    status, _, error = run(tmp_path / 's.json', *options)
    assert status in (1, 2) and told in error and 'Traceback' not in error
    assert not (tmp_path / 's.json').exists()
    assert run(tmp_path / 's.csv')[0] == 2


def test_names_and_order_follow_the_annotation(folder: Path) -> None:
    assert detector_classes(folder / 'truth.json') == ORDER
    jobs = [Job('x/v_a_1.mp4', 'v_a_1')]
    assert named_by(jobs, 'v_{}_1') == [Job('x/v_a_1.mp4', 'a')]
    assert named_by(jobs, '{}') == jobs
    with pytest.raises(ClassScoreError, match='is not named like'):
        named_by(jobs, 'v_a_{}a_1')
    model = init_model(folder / 'tiny.py', folder / 'tiny.pth', device='cpu')
    scorer = ClassScorer(VideoClassifier(model), ORDER)
    assert scorer.settings['checkpoint'] == 'tiny.pth' and scorer.settings['window'] is None
