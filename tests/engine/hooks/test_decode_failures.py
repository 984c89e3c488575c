"""Contract: undecodable videos are counted per file and reported after every epoch."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.runner import Runner

from mmvideomae.engine import DecodeFailureHook, TooManyDecodeFailuresError
from tests.support.videos import BROKEN_KINDS, make_broken_video, moving_shapes, write_video

Train = Callable[[Config], Runner]
MakeConfig = Callable[..., Config]


def broken(count: int) -> dict[str, dict]:
    """12 samples, `count` of which replace a broken file."""
    failures = {index: f'reason {index}' for index in range(count)}
    return {'train_dataloader': {'dataset': {'failures': failures}}}


def log_of(runner: Runner) -> str:
    return next(Path(runner.log_dir).glob('*.log')).read_text()


def test_reports_every_epoch_and_lists_all(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    options = broken(3)
    options['default_hooks'] = {'decode_failures': {'max_listed': 2}}
    runner = train(run_config(**options))
    log = log_of(runner)
    for epoch in (1, 2):
        assert f'Epoch {epoch}: 3 samples of 3 files could not be decoded' in log
    assert '(3 of 12 files so far)' in log
    assert 'broken_0.mp4 (reason 0); broken_1.mp4 (reason 1); and 1 more' in log
    lines = (tmp_path / 'run' / 'decode_failures.txt').read_text().splitlines()
    assert lines == [f'broken_{i}.mp4\t2\treason {i}' for i in range(3)]


def test_is_silent_without_failures(run_config: MakeConfig, train: Train, tmp_path: Path) -> None:
    runner = train(run_config(train_cfg={'max_epochs': 1}))
    assert 'could not be decoded' not in log_of(runner)
    assert not (tmp_path / 'run' / 'decode_failures.txt').exists()


@pytest.mark.parametrize(('count', 'stops'), [(3, False), (4, True)])
def test_stops_when_more_than_the_bound_are_broken(
    count: int, stops: bool, run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    options = broken(count)
    options['default_hooks'] = {'decode_failures': {'max_bad_fraction': 0.25}}
    cfg = run_config(train_cfg={'max_epochs': 1}, **options)
    if not stops:
        train(cfg)
        return
    with pytest.raises(TooManyDecodeFailuresError, match='4 of 12 files'):
        train(cfg)
    assert len((tmp_path / 'run' / 'decode_failures.txt').read_text().splitlines()) == 4


def test_a_resumed_run_goes_on_counting(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    every = {'default_hooks': {'checkpoint': {'interval': 1}}}
    train(run_config(train_cfg={'max_epochs': 1}, **every, **broken(1)))
    train(run_config(resume=True, **every, **broken(1)))
    text = (tmp_path / 'run' / 'decode_failures.txt').read_text()
    assert text == 'broken_0.mp4\t2\treason 0\n'


def test_takes_names_that_are_not_utf_8(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    name = os.fsdecode(b'/v/la\xe9.mp4')
    loader = SimpleNamespace(dataset=range(9))
    runner = SimpleNamespace(work_dir=tmp_path, epoch=0, iter=5, train_dataloader=loader)
    runner.logger = logging.getLogger('decode failures')
    for _ in range(2):  # the second run resumes the first
        hook = DecodeFailureHook()
        hook.before_train(runner)
        batch = {'data_samples': [ActionDataSample(metainfo={'decode_failures': [(name, 'cut')]})]}
        hook.after_train_iter(runner, 0, batch)
        hook.after_train_epoch(runner)
    assert (tmp_path / 'decode_failures.txt').read_bytes() == b'/v/la\xe9.mp4\t2\tcut\n'
    caplog.text.encode()  # the log can be written
    assert r'/v/la\udce9.mp4 (cut)' in caplog.text


def test_refuses_a_fraction_outside_its_range() -> None:
    with pytest.raises(ValueError, match='max_bad_fraction'):
        DecodeFailureHook(max_bad_fraction=1.5)


def test_trains_to_the_end_over_broken_videos_of_every_kind(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    """A tenth of the files is broken, each in its own way; each is reported with its reason."""
    videos = tmp_path / 'videos'
    sound = [write_video(videos / f'clip {i}.mp4', moving_shapes(12, 48, 64)) for i in range(3)]
    kinds = [k for k in BROKEN_KINDS if k != 'unreadable' or os.geteuid() != 0]
    bad = [make_broken_video(kind, videos / f'{kind}.mp4') for kind in kinds]
    listed = [*bad, *sound * (3 * len(bad))]
    (tmp_path / 'list.csv').write_text('\n'.join(f'{path.name},0' for path in listed))
    dataset = {
        '_delete_': True,
        'type': 'VideoListDataset',
        'sources': [{'ann_file': str(tmp_path / 'list.csv'), 'data_prefix': str(videos)}],
        'pipeline': [
            {'type': 'OpenVideo'},
            {'type': 'SampleClip', 'clip_len': 4, 'stride': 2},
            {'type': 'ReadFrames'},
            {'type': 'ClipMultiScaleCrop', 'size': 32},
            {
                'type': 'GenerateMasks',
                'grid_size': (2, 4, 4),
                'encoder': {'type': 'TubeMask', 'ratio': 0.75},
            },
            {'type': 'PackClips'},
        ],
    }
    runner = train(
        run_config(
            train_cfg={'max_epochs': 1}, train_dataloader={'batch_size': 8, 'dataset': dataset}
        )
    )
    assert runner.iter == len(listed) // 8
    lines = (tmp_path / 'run' / 'decode_failures.txt').read_text().splitlines()
    reported = {Path(line.split('\t')[0]).stem: line.split('\t')[2] for line in lines}
    assert set(reported) <= set(kinds)
    assert len(reported) >= len(kinds) - (len(listed) % 8)
    assert all(reported.values())
    assert f'{len(reported)} of {len(listed)} files' in log_of(runner)
