"""Contract: detect_people.py writes an mmdet detector's proposals, or ends in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmvideomae.formats.proposals import read_proposals
from tests.support.person_detector import write_person_detector
from tests.support.tools import CallTool, Outcome
from tests.support.videos import make_broken_video, moving_shapes, write_video

pytest.importorskip('mmdet', reason='needs the detection level')
TOOL = 'data/ava/detect_people.py'


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """people.py, people.pth, videos/{a,b}.mp4, broken/{a,c}.mp4 and ann.csv."""
    folder = tmp_path_factory.mktemp('people')
    write_person_detector(folder)
    for name in ('videos/a', 'videos/b', 'broken/a'):
        write_video(folder / f'{name}.mp4', moving_shapes(30, 48, 64), fps=10)
    make_broken_video('text', folder / 'broken/c.mp4')
    (folder / 'ann.csv').write_text('a,0901,0,0,1,1,1\na,0902,0,0,1,1,1\n')
    return folder


@pytest.fixture
def call(
    call_tool: CallTool,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Outcome]:
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'SLURM_ARRAY_TASK_ID'):
        monkeypatch.delenv(name, raising=False)

    def run(videos: str, *words: object, config: str = 'people.py') -> Outcome:
        files = (folder / config, folder / 'people.pth', folder / videos, tmp_path / 'p.pkl')
        return call_tool(TOOL, *files, '--device', 'cpu', *words)

    return run


def test_key_frames_of_an_annotation(call: Any, folder: Path, tmp_path: Path) -> None:
    words = ('--ann', folder / 'ann.csv', '--start-second', 900, '--min-box-score', 0.5, '--json')
    code, out, err = call('videos', *words)
    told = json.loads(out)
    found = read_proposals(tmp_path / 'p.pkl')
    assert code == 0 and list(found) == [('a', 901), ('a', 902)]
    assert (told['done'], told['key_frames'], told['failed']) == (1, 2, {})
    assert told['boxes_in_file'] == sum(map(len, found.values())) > 0
    assert min(rows[:, 4].min() for rows in found.values() if len(rows)) >= 0.5
    assert '1/1 videos, 0 failed' in err and 'key frames/s' in err
    code, out, _ = call('videos', *words[:-1])
    assert code == 0 and '0 of 1 videos processed' in out and '1 already finished' in out
    assert f'{told["boxes_in_file"]} boxes at 2 key frames' in out


def test_a_bad_video_among_good_ones(call: Any, tmp_path: Path) -> None:
    code, out, err = call('broken', '--every', 1.5)
    assert code == 3 and '1 of 2 videos' in out and '\n  c: ' in out and 'Traceback' not in err
    assert list(read_proposals(tmp_path / 'p.pkl')) == [('a', 0), ('a', 1.5)]


def test_what_was_found_at_other_seconds_is_not_taken(call: Any, tmp_path: Path) -> None:
    assert call('videos', '--every', 2)[0] == 0
    code, _, err = call('videos', '--every', 2, '--start-second', 900)
    assert code == 1 and 'made with start_second=0.0, not 900.0: delete it' in err
    assert list(read_proposals(tmp_path / 'p.pkl')) == [('a', 0), ('a', 2), ('b', 0), ('b', 2)]


def test_no_file_if_nothing_can_be_read(call: Any, folder: Path, tmp_path: Path) -> None:
    (folder / 'table.csv').write_text('c,broken/c.mp4,0\nd,gone.mp4,0\n')
    code, out, _ = call('table.csv', '--every', 1)
    assert code == 3 and 'all videos failed: no file is written' in out
    assert f'd: it does not exist: looked for {folder / "gone.mp4"} ({folder / "table.csv"})' in out
    assert not (tmp_path / 'p.pkl').exists()


@pytest.mark.parametrize(('words', 'told'), [
    (['none'], 'cannot read the table of videos'),
    (['videos', '--every', '0'], 'positive number of seconds apart'),
    (['videos', '--category', 'cat'], "no category 'cat', only car, person"),
    (['videos', '--min-box-score', '2'], 'min_score in [0, 1]'),
    (['videos', '--start-second', 'late'], "--start-second must be a number or 'name'"),
    (['videos', '--ann', 'none.csv'], 'cannot read the annotation none.csv'),
    (['videos', '--filename-tmpl', '{:05}.jpg'], 'need fps'),
])  # fmt: skip
def test_wrong_input_ends_in_one_line(
    call: Any, tmp_path: Path, words: list[str], told: str
) -> None:
    code, out, error = call(*words)
    lines = [line for line in error.splitlines() if line.startswith('detect_people.py: ')]
    assert code == 1 and not out and told in error
    assert len(lines) == 1 and 'Traceback' not in error
    assert not (tmp_path / 'p.pkl').exists() and not (tmp_path / 'p.parts').exists()


def test_without_mmdet_the_line_says_how_to_install_it(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('importlib.util.find_spec', _without_mmdet)
    code, _, error = call('videos')
    assert code == 1 and 'mmvideomae doctor' in error and error.count('\n') == 1


def _without_mmdet(name: str, package: str | None = None) -> None:
    return None
