"""Contract: `synthesize.py people` writes the requested data once, and refuses bad options."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SMALL = ('--train', 2, '--val', 1, '--train-clips', 2, '--val-clips', 0, '--workers', 1)
SHORT = ('--seconds', 2, 3)


def test_videos_and_clips_once(tool: Callable[..., Any], tmp_path: Path) -> None:
    words = ('people', 'out', *SMALL, *SHORT)
    done = tool('synthesize.py', *words, '--json')
    assert done.code == 0
    assert [done.summary[key] for key in ('videos', 'clips', 'written')] == [3, 2, 5]
    out = tmp_path / 'out'
    assert {path.name for path in (out / 'videos').iterdir()} == {
        'train_0000.mp4',
        'train_0001.mp4',
        'val_0000.mp4',
    }
    header, first = (out / 'train.csv').read_text().splitlines()[:2]
    assert header == 'video,second,x1,y1,x2,y2,label,person' and first.startswith('train_0000,1,0.')
    assert len((out / 'actions' / 'train.csv').read_text().splitlines()) == 2
    assert not (out / 'actions' / 'val.csv').exists()
    again = tool('synthesize.py', *words)
    assert again.code == 0 and again.out.startswith('out already holds 3 videos and 2 clips\n')


def test_other_data_goes_only_when_told(tool: Callable[..., Any], tmp_path: Path) -> None:
    words = ('people', 'out', *SMALL, *SHORT)
    assert tool('synthesize.py', *words).code == 0
    other = tool('synthesize.py', *words, '--seed', 1)
    assert other.code == 1 and 'holds other data' in other.err
    fewer = ('people', 'out', '--train', 1, '--val', 0, '--train-clips', 0, '--val-clips', 0)
    assert tool('synthesize.py', *fewer, *SHORT, '--overwrite').code == 0
    out = tmp_path / 'out'
    assert [path.name for path in (out / 'videos').iterdir()] == ['train_0000.mp4']
    assert not (out / 'actions').exists() and not (out / 'val.csv').exists()


def test_actors_speed_and_clips_are_as_asked(tool: Callable[..., Any], tmp_path: Path) -> None:
    words = ('people', 'out', *SMALL, *SHORT, '--actors', 1, 1, '--speed', 0.01, 0.01)
    clips = ('--crop', 40, '--clip-actors', 1, 1, '--no-random-polarity')
    assert tool('synthesize.py', *words, *clips, '--classes', 12).code == 0
    settings = json.loads((tmp_path / 'out' / 'dataset.json').read_text())
    assert settings['crop'] == 40 and settings['clip_actors'] == [1, 1]
    assert settings['style']['random_polarity'] is False
    persons = {line.split(',')[7] for line in (tmp_path / 'out' / 'train.csv').open()}
    assert persons == {'person\n', '1\n'}


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('--train', 0, '--val', 0), 'no videos to make'),
        (('--seconds', 3, 2), 'seconds (3, 2) must be a range'),
        (('--fps', 10), 'does not fit into 10 frames per second'),
        (('--classes', 13), 'must be 1 to 12, got 13'),
    ],
)
def test_bad_options_end_in_one_line(
    tool: Callable[..., Any], tmp_path: Path, words: tuple[object, ...], message: str
) -> None:
    done = tool('synthesize.py', 'people', 'out', *words)
    assert done.code == 1 and message in done.err and done.err.count('\n') == 1
    assert not (tmp_path / 'out').exists()
