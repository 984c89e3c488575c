"""Contract: tools/data/synthesize.py writes the requested data once, and refuses bad options."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae.cli.commands.data.synthesize import options
from mmvideomae.cli.options import parse_option
from mmvideomae.cli.work.data.synthesize import actions_settings
from tests.support.tools import CallTool, Outcome


@pytest.fixture
def call(call_tool: CallTool) -> Callable[..., Outcome]:
    return lambda *words: call_tool('data/synthesize.py', *words)


SMALL = ('--size', '32x48', '--frames', 4, '--workers', 1, '--json')


def test_clips_per_class_splits_and_unlabelled(
    call: Callable[..., Outcome], tmp_path: Path
) -> None:
    tmp_path /= 'a, b'
    words = ('actions', tmp_path, '--classes', 4, '--clips-per-class', 5, '--unlabelled', 2)
    done = call(*words, *SMALL)
    assert done.code == 0
    summary = done.summary
    assert summary['written'] == summary['clips'] == 22 and summary['clips_per_second'] > 0
    counts = {
        p.name: [line.split()[1:] for line in p.read_text().splitlines()]
        for p in tmp_path.glob('*.csv')
    }
    assert {name: len(lines) for name, lines in counts.items()} == {
        'train.csv': 12,
        'val.csv': 4,
        'test.csv': 4,
        'unlabelled.csv': 2,
        'pretrain.csv': 14,
    }
    assert sorted(counts['train.csv']) == sorted([[str(k)] for k in range(4)] * 3)
    again = call(*words, *SMALL).summary
    assert again['written'] == 0
    *_, listed, prefix = map(parse_option, shlex.split(again['next'])[4:])
    assert listed[1] == f'{tmp_path}/pretrain.csv' and prefix[1] == str(tmp_path)


def test_other_data_is_kept_unless_told(call: Callable[..., Outcome], tmp_path: Path) -> None:
    words = ('actions', tmp_path, '--clips', 5, *SMALL)
    assert call(*words).code == 0
    assert 'holds other data' in call(*words, '--seed', 1).err
    assert call(*words, '--seed', 1, '--overwrite').code == 0
    assert json.loads((tmp_path / 'dataset.json').read_text())['seed'] == 1


def test_files_of_others_are_kept_unless_told(call: Callable[..., Outcome], tmp_path: Path) -> None:
    """A folder with a list of one's own is not taken for an empty one."""
    (tmp_path / 'train.csv').write_text('mine.mp4 0\n')
    words = ('actions', tmp_path, '--clips', 5, *SMALL)
    done = call(*words)
    assert done.code == 1 and 'holds other data' in done.err
    assert (tmp_path / 'train.csv').read_text() == 'mine.mp4 0\n'
    assert call(*words, '--overwrite').code == 0


def test_interrupted_run_begins_again(call: Callable[..., Outcome], tmp_path: Path) -> None:
    words = ('actions', tmp_path, '--clips', 5, *SMALL)
    assert call(*words).code == 0
    (tmp_path / 'dataset.json').rename(tmp_path / 'dataset.unfinished.json')
    (tmp_path / 'videos' / 'train' / 'move_right_00000.mp4').unlink()
    assert call(*words).code == 0
    assert (tmp_path / 'videos' / 'train' / 'move_right_00000.mp4').is_file()


def test_style_options_reach_the_settings() -> None:
    words = ['actions', 'x', '--difficulty', 'hard', '--no-textures', '--speed', '0.1', '0.2']
    args = options().parse_args(words)
    style = actions_settings(args).style
    assert style.random_polarity and not style.textured and style.speed == (0.1, 0.2)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('--splits', 0.5, 0.2, 0.2), 'add up to 1'),
        (('--classes', 40), 'classes must be 1 to 12, got 40'),
        (('--size', 33), 'even'),
    ],
)
def test_bad_options_end_in_one_line(
    call: Callable[..., Outcome], tmp_path: Path, words: tuple[object, ...], message: str
) -> None:
    done = call('actions', tmp_path / 'out', *words)
    error = done.err
    assert done.code == 1 and message in error and error.count('\n') == 1
    assert not (tmp_path / 'out').exists()
