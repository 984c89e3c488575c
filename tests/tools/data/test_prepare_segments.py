"""Contract: prepare_segments.py writes training data, or explains a failure in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmvideomae.cli.commands.data.prepare_segments import options
from mmvideomae.cli.work.data.prepare_segments import CONFIGS
from mmvideomae.formats.published_segments import LAYOUTS
from tests.support.leaves import CONFIGS as FOLDER
from tests.support.published import write_multithumos
from tests.support.videos import moving_shapes, write_video

LINES = 'video,start,end,label\n' + ''.join(f'v{n},0.5,1.5,{"ab"[n % 2]}\n' for n in range(4))


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    for number in range(4):
        write_video(tmp_path / 'videos' / f'v{number}.mp4', moving_shapes(20, 32, 32), fps=10)
    return tmp_path / 'videos'


def test_files_are_written_once(
    tool: Callable[..., Any], put: Callable[..., Path], videos: Path, tmp_path: Path
) -> None:
    put('own.csv', LINES)
    words = ('own.csv', 'videos', 'out', '--val-share', 0.25)
    done = tool('prepare_segments.py', *words, '--json')
    summary = done.summary
    assert done.code == 0 and (summary['training'], summary['validation']) == (3, 1)
    assert summary['next'].count('mmvideomae ') == 1
    names = {path.name for path in (tmp_path / 'out').iterdir()}
    assert names == {'annotation.json', 'classes.txt', 'train.csv', 'val.csv'}
    again = tool('prepare_segments.py', *words)
    assert again.code == 1 and 'already there' in again.err and again.err.count('\n') == 1
    assert '3 for training' in tool('prepare_segments.py', *words, '--overwrite').out
    videos.rename(tmp_path / 'my videos')
    features, train = tool(
        'prepare_segments.py', 'own.csv', 'my videos', 'my out'
    ).out.splitlines()[1:]
    assert train.startswith(
        "next: NUM_CLASSES=2 LIST_DIR='my out' VIDEO_DIR='my videos' mmvideomae train "
    )
    assert features.endswith(": mmvideomae features CONFIG CKPT 'my videos' 'my out'/features")


def test_faults_end_in_one_line_or_are_left_out(
    tool: Callable[..., Any], put: Callable[..., Path], videos: Path, tmp_path: Path
) -> None:
    put('own.csv', LINES + 'v3,1.6,1.2,a\nv8,1,2,a\n')
    done = tool('prepare_segments.py', 'own.csv', 'videos', 'out')
    assert done.code == 1 and done.err.count('\n') == 1 and not (tmp_path / 'out').exists()
    assert "'v3'" in done.err and "no video 'v8'" in done.err
    done = tool('prepare_segments.py', 'own.csv', 'videos', 'out', '--skip-bad', '--json')
    assert done.code == 0 and done.summary['videos'] == 3 and len(done.summary['left_out']) == 2


def test_what_is_missing_or_old_is_told_of(
    tool: Callable[..., Any],
    put: Callable[..., Path],
    videos: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No validation, a list of an earlier split, and a name in the other form of Unicode."""
    put('own.csv', LINES)
    words = ('prepare_segments.py', 'own.csv', 'videos', 'out')
    assert tool(*words).err == caplog.text == ''
    done = tool(*words, '--val-share', 0, '--overwrite')
    assert done.code == 0 and 'no video is for validation' in done.err
    assert 'out/val.csv: written earlier and kept' in caplog.text
    (videos / 'v3.mp4').rename(videos / 'u\u0308.mp4')
    put('own.csv', LINES.replace('v3', '\u00fc'))
    done = tool(*words, '--overwrite')
    assert done.code == 1 and 'other Unicode forms of its letters' in done.err


def test_other_subsets_are_told_of(
    tool: Callable[..., Any], put: Callable[..., Path], videos: Path
) -> None:
    put('own.csv', 'video,start,end,label,subset\nv0,0,1,a,train\nv1,0,1,a,later\n')
    done = tool('prepare_segments.py', 'own.csv', 'videos', 'out', '--json')
    assert done.code == 0 and done.summary['other'] == {'later': 1}
    assert "prepare_segments.py: 1 videos of 'later' are in no list\n" in done.err


def test_a_published_set_is_prepared_for_its_config(
    tool: Callable[..., Any], tmp_path: Path
) -> None:
    write_multithumos(tmp_path / 'multithumos')
    for name in ('video_validation_0000001', 'video_test_0000004'):
        write_video(tmp_path / f'videos/{name}.mp4', moving_shapes(40, 32, 32), fps=10)
    words = ('multithumos', 'videos', 'data/multithumos', '--set', 'multithumos')
    done = tool('prepare_segments.py', *words)
    assert done.code == 1 and "no video 'video_validation_0000002'" in done.err
    done = tool('prepare_segments.py', *words, '--skip-bad')
    first, last = done.out.splitlines()
    assert done.code == 0 and '1 for training, 1 for validation; 1 videos left out' in first
    assert last.startswith('next: mmvideomae train configs/localization/adatad/')
    assert '1 are cut off at its ends' in done.err and 'left out: ' in done.err


def test_the_next_commands_exist() -> None:
    """The options are those of the readers, which need not be imported for the help."""
    (action,) = (each for each in options()._actions if each.dest == 'layout')
    assert set(action.choices) == set(LAYOUTS) >= set(CONFIGS)
    for configs in CONFIGS.values():
        assert all((FOLDER / 'localization' / path).is_file() for path in configs.values())
