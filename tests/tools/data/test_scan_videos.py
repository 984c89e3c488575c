"""scan_videos.py separates good from bad, hangs and crashes included, and keeps list lines."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import cv2
import pytest

from mmvideomae.formats.annotations import LineFormat, read_list
from mmvideomae.jobs.workers import Answer, Processes
from mmvideomae.preparation.videos.scan import ScanSettings, items_of, read_item
from tests.support.tools import CallTool
from tests.support.videos import make_broken_video, moving_shapes, write_video

KINDS = ('truncated', 'truncated_faststart', 'empty', 'text', 'audio_only')


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two good videos and one of each broken kind."""
    root = tmp_path_factory.mktemp('scan') / 'all clips'
    write_video(root / 'a b' / 'good 1.mp4', moving_shapes(25))
    write_video(root / 'good2.avi', moving_shapes(50), codec='mpeg4')
    for kind in KINDS:
        make_broken_video(kind, root / f'{kind}.mp4')
    return root


@pytest.fixture
def call(call_tool: CallTool) -> Any:
    return lambda *words: call_tool('data/scan_videos.py', *words, '--workers', 2)


def test_folder(call: Any, folder: Path, tmp_path: Path) -> None:
    done = call(folder, tmp_path, '--json')
    assert done.code == 0
    summary = done.summary
    assert (summary['videos'], summary['good'], summary['bad']) == (7, 2, 5)
    assert summary['frames'] == 75 and summary['hours'] == pytest.approx(3 / 3600, abs=1e-4)
    good = read_list(tmp_path / 'good.txt', LineFormat())
    assert [entry.path for entry in good] == ['a b/good 1.mp4', 'good2.avi']
    bad = dict(line.split('\t') for line in (tmp_path / 'bad.txt').read_text().splitlines())
    assert set(bad) == {f'{kind}.mp4' for kind in KINDS}
    assert all(bad.values()) and bad == summary['reasons']
    assert 'sources.0.ann_file=' in summary['next'] and summary['next'].count('good.txt') == 1
    assert bad['empty.mp4'] == 'the file is empty'


def test_list_keeps_its_lines(call: Any, folder: Path, tmp_path: Path) -> None:
    lines = ['# a list', 'good2.avi 7', '', 'text.mp4 3', '"a b/good 1.mp4" 1', 'gone.mp4 2']
    (tmp_path / 'train.csv').write_text('\n'.join(lines))
    words = (tmp_path / 'train.csv', tmp_path / 'out', '--data-prefix', folder)
    assert call(*words, '--strict').code == 1
    assert (tmp_path / 'out' / 'good.txt').read_text() == 'good2.avi 7\n"a b/good 1.mp4" 1\n'
    bad = (tmp_path / 'out' / 'bad.txt').read_text()
    assert 'gone.mp4\tno such file\n' in bad and bad.startswith('text.mp4\t')


def test_what_is_bad_is_told_in_lines(call: Any, folder: Path, tmp_path: Path) -> None:
    """Each bad video on its line, however many there are, and the usual cause if all are."""
    names = ['new\nline.mp4', *(f'{number:02}.mp4' for number in range(11))]
    for name in names:
        make_broken_video('empty', tmp_path / 'videos' / name)
    done = call(tmp_path / 'videos', tmp_path / 'out')
    told = done.out.splitlines()
    assert len(told) == 12 and told[-1] == '  and 2 more' and '--data-prefix' not in done.err
    (tmp_path / 'list.csv').write_text('good2.avi 7\n"a b/good 1.mp4" 1\n')
    words = (tmp_path / 'list.csv', tmp_path / 'out')
    assert '--data-prefix' in call(*words).err
    assert '--data-prefix' not in call(*words, '--data-prefix', folder).err


def test_bad_input_is_one_line(call: Any, tmp_path: Path) -> None:
    (tmp_path / 'bad.csv').write_text('a.mp4 1\nb c d\n')
    (tmp_path / 'nothing.csv').write_text('# nothing\n')
    (tmp_path / 'empty').mkdir()
    for source, words in (
        (tmp_path / 'gone.csv', 'cannot read the list'),
        (tmp_path / 'bad.csv', 'bad.csv:2:'),
        (tmp_path / 'nothing.csv', 'names no video'),
        (tmp_path / 'empty', 'no video below'),
    ):
        captured = call(source, tmp_path / 'out')
        assert captured.code == 1
        assert words in captured.err and captured.err.count('\n') == 1 and not captured.out
    assert not (tmp_path / 'out').exists()


def test_full_scan_finds_damage_between_the_three_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', moving_shapes(90), gop=1, bframes=0, faststart=True)
    data = bytearray(path.read_bytes())
    start = data.index(b'mdat')
    quarter = start + (len(data) - start) // 4
    data[quarter : quarter + 3000] = bytes(3000)
    path.write_bytes(data)
    item = items_of(tmp_path)[0]
    assert not read_item((item, ScanSettings(str(tmp_path), 'pyav'))).reason
    assert read_item((item, ScanSettings(str(tmp_path), 'pyav', full=True))).reason


def test_raw_frames_and_parts_of_videos(tmp_path: Path) -> None:
    (tmp_path / 'frames').mkdir()
    for number, frame in enumerate(moving_shapes(6)):
        cv2.imwrite(str(tmp_path / 'frames' / f'img_{number + 1:05}.jpg'), frame)
    write_video(tmp_path / 'movie.mp4', moving_shapes(30))
    lines = ['frames 1 6 0', 'frames 3 6 0', 'movie.mp4 10 20 0', 'movie.mp4 20 20 0']
    (tmp_path / 'list.txt').write_text('\n'.join([*lines, 'movie.mp4 0 -1 0']))
    settings = ScanSettings(str(tmp_path))
    results = [read_item((item, settings)) for item in items_of(tmp_path / 'list.txt')]
    assert [result.frames for result in results] == [6, 0, 20, 0, 30]
    assert 'img_00008.jpg' in results[1].reason
    assert results[3].reason == 'the list names frames 20 to 39, but it has 30'


def act(job: str) -> str:
    """A job of a worker: hang, die, raise or answer."""
    print('workers are silent')
    if job == 'hang':
        signal.pause()
    if job == 'die':
        os.kill(os.getpid(), signal.SIGSEGV)
    if job == 'raise':
        raise ValueError('two\nlines')
    return f'did {job}'


def test_hanging_and_dying_jobs_cost_only_themselves(capfd: pytest.CaptureFixture[str]) -> None:
    jobs = ['a', 'hang', 'die', 'raise', 'b', 'hang', 'c']
    begin = time.monotonic()
    outcomes = sorted(Processes(2).run_jobs(act, jobs, timeout=1.5))
    assert time.monotonic() - begin < 60
    assert outcomes == [
        Answer(0, 'did a'),
        Answer(1, None, 'no answer within 1.5 s'),
        Answer(2, None, 'the process died (SIGSEGV)'),
        Answer(3, None, 'two lines'),
        Answer(4, 'did b'),
        Answer(5, None, 'no answer within 1.5 s'),
        Answer(6, 'did c'),
    ]
    assert not capfd.readouterr().out


def test_no_jobs_and_no_workers() -> None:
    assert not list(Processes(3).run_jobs(act, []))
    with pytest.raises(ValueError, match='must be positive, got 0 processes'):
        list(Processes(0).run_jobs(act, ['a']))
