"""Contract: extract_features.py extracts, divides and continues work, or ends in one line."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fsspec import AbstractFileSystem
from mmengine import Config

from mmvideomae.apis import FeatureExtractor, init_model
from mmvideomae.formats.feature_info import FeatureInfo
from tests.support.models import tiny_recognizer
from tests.support.tools import CallTool, Outcome
from tests.support.videos import make_broken_video, moving_shapes, write_video

SCRIPT = Path(__file__).resolve().parents[3] / 'tools' / 'misc' / 'extract_features.py'
WINDOWS = ['--window', '4', '--size', '32', '--preset', 'videomaev2_thumos14']


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tiny.py, tiny.pth and videos/{a,b,[c]}.mp4."""
    folder = tmp_path_factory.mktemp('features')
    cfg = Config({'default_scope': 'mmvideomae', 'model': tiny_recognizer()})
    cfg.dump(folder / 'tiny.py')
    torch.save({'state_dict': init_model(cfg, device='cpu').state_dict()}, folder / 'tiny.pth')
    for name, frames in (('a', 12), ('b', 20), ('[c]', 3)):
        write_video(folder / 'videos' / f'{name}.mp4', moving_shapes(frames), fps=10)
    return folder


@pytest.fixture
def run(call_tool: CallTool, folder: Path, monkeypatch: Any) -> Any:
    """Call the tool; returns the exit status, stdout and stderr."""
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'SLURM_ARRAY_TASK_ID'):
        monkeypatch.delenv(name, raising=False)

    def call(out: Path, *options: str, videos: Path | None = None) -> Outcome:
        files = [folder / 'tiny.py', folder / 'tiny.pth', videos or folder / 'videos', out]
        return call_tool('misc/extract_features.py', *files, '--device', 'cpu', *options)

    return call


def test_a_folder_of_videos(run: Any, folder: Path, tmp_path: Path) -> None:
    status, out, err = run(tmp_path, *WINDOWS, '--json')
    summary = json.loads(out)
    assert status == 0
    assert (summary['videos'], summary['done'], summary['windows']) == (3, 3, 3 + 5 + 1)
    assert summary['settings']['model'] == 'tiny'
    assert '3/3 videos, 0 failed' in err and 'windows/s, 0 s left' in err
    extractor = FeatureExtractor(
        folder / 'tiny.py',
        folder / 'tiny.pth',
        preset='videomaev2_thumos14',
        settings={'window': 4, 'size': 32},
        device='cpu',
    )
    for name in ('a', 'b', '[c]'):
        found = np.load(tmp_path / f'{name}.npy')
        expected = extractor(folder / 'videos' / f'{name}.mp4')
        np.testing.assert_array_equal(found, expected.features)
        assert FeatureInfo.read(tmp_path / f'{name}.npy') == expected.info
    status, out, _ = run(tmp_path, *WINDOWS)
    assert status == 0 and '0 of 3 videos' in out and '3 already finished' in out


def test_videos_in_an_object_store(
    run: Any, folder: Path, tmp_path: Path, memory: AbstractFileSystem
) -> None:
    for name in 'ab':
        memory.pipe_file(f'/d/videos/{name}.mp4', (folder / f'videos/{name}.mp4').read_bytes())
    memory.pipe_file('/d/list.txt', b'videos/a.mp4\nvideos/b.mp4\n')
    assert run(tmp_path / 'local', *WINDOWS).code == 0
    assert run(tmp_path / 'folder', *WINDOWS, videos='memory://d/videos').code == 0
    listed = ('--data-prefix', 'memory://d')
    assert run(tmp_path / 'list', *WINDOWS, *listed, videos='memory://d/list.txt').code == 0
    for name in ('folder/a', 'folder/b', 'list/videos/a', 'list/videos/b'):
        wanted = np.load(tmp_path / 'local' / f'{name[-1]}.npy')
        np.testing.assert_array_equal(np.load(tmp_path / f'{name}.npy'), wanted)


def test_all_settings_reach_the_description(run: Any, folder: Path, tmp_path: Path) -> None:
    options = [
        *('--window', '4', '--stride', '3', '--interval', '2', '--offset', '1', '--size', '16'),
        *('--resize', 'crop', '--short-side', '24', '--mean', '1', '2', '3'),
        *('--std', '4', '5', '6', '--precision', 'bfloat16', '--batch-size', '2'),
        *('--preset', 'videomaev2_fineaction'),
    ]
    status, _, _ = run(tmp_path, *options, videos=folder / 'videos' / 'a.mp4')
    info = FeatureInfo.read(tmp_path / 'a.npy')
    assert status == 0
    assert (info.window, info.stride, info.interval, info.offset) == (4, 3, 2, 1)
    assert info.preprocessing == {
        'resize': 'crop',
        'size': 16,
        'short_side': 24,
        'mean': [1, 2, 3],
        'std': [4, 5, 6],
    }
    assert info.precision == 'bfloat16'
    assert np.load(tmp_path / 'a.npy').shape == ((12 - 1 - 8) // 3 + 1, 32)


def test_a_bad_video_among_good_ones(run: Any, folder: Path, tmp_path: Path) -> None:
    videos = tmp_path / 'videos'
    write_video(videos / 'good.mp4', moving_shapes(6))
    make_broken_video('text', videos / 'bad.mp4')
    status, out, err = run(tmp_path / 'out', *WINDOWS, videos=videos)
    assert status == 3
    assert '1 of 2 videos' in out and '1 failed' in out and '  bad: ' in out
    assert (tmp_path / 'out' / 'bad.error').is_file()
    assert (tmp_path / 'out' / 'good.npy').is_file()
    assert 'Traceback' not in err and 'next: ' in out
    (videos / 'good.mp4').unlink()
    status, out, _ = run(tmp_path / 'none', *WINDOWS, videos=videos)
    assert status == 3 and 'next: ' not in out  # there are no features to go on with


@pytest.mark.parametrize('variables', [
    {'RANK': '1', 'WORLD_SIZE': '2'},
    {'SLURM_ARRAY_TASK_ID': '2', 'SLURM_ARRAY_TASK_COUNT': '2', 'SLURM_ARRAY_TASK_MIN': '1'},
])  # fmt: skip
def test_shares(run: Any, tmp_path: Path, monkeypatch: Any, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert run(tmp_path, *WINDOWS)[0] == 0
    assert [path.name for path in tmp_path.glob('*.npy')] == ['a.npy']  # of [c], a, b


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--stride', '0'], 'stride of features must be a positive integer, got 0'),
        (['--window', '5'], '5 frames of 32x32 pixels do not divide'),
        (['--batch-size', '0'], 'batch_size and fps must be positive'),
        (['--device', 'abacus'], "device 'abacus' cannot be used"),
    ],
)
def test_wrong_options_end_in_one_line(
    run: Any, tmp_path: Path, options: list[str], message: str
) -> None:
    status, out, err = run(tmp_path / 'out', *WINDOWS, *options)
    assert (status, out) == (1, '')
    assert message in err and len(err.splitlines()) == 1
    assert not (tmp_path / 'out').exists()


def test_without_a_preset_the_config_must_say(run: Any, tmp_path: Path) -> None:
    status, _, err = run(tmp_path)
    assert status == 1 and 'choose a preset of videomaev2_thumos14' in err
    assert len(err.splitlines()) == 1
    status, _, _ = run(
        tmp_path, '--cfg-options', 'features.preset=videomaev2_fineaction', 'features.window=4',
        'features.size=32',
    )  # fmt: skip
    assert status == 0
    assert FeatureInfo.read(tmp_path / 'a.npy').stride == 16


def test_contradictions_and_missing_videos(run: Any, tmp_path: Path) -> None:
    assert run(tmp_path, *WINDOWS)[0] == 0
    status, _, err = run(tmp_path, *WINDOWS, '--stride', '2')
    assert status == 1 and len(err.splitlines()) == 1
    assert "'[c]'" in err and 'stride=4' in err and 'stride=2' in err
    status, _, err = run(tmp_path, *WINDOWS, videos=tmp_path / 'none')
    assert status == 1 and 'no such file' in err


@pytest.mark.slow
def test_as_a_program_killed_and_continued(folder: Path, tmp_path: Path) -> None:
    """A process that dies at its second video leaves complete files, and the next continues."""
    program = f"""
import os, runpy
from mmvideomae.formats.feature_writer import FeatureWriter
append, files = FeatureWriter.append, set()
def die_in_the_second_file(self, rows):
    append(self, rows)
    files.add(self.path)
    if len(files) == 2:
        os._exit(9)
FeatureWriter.append = die_in_the_second_file
runpy.run_path({str(SCRIPT)!r}, run_name='__main__')
"""
    files = [str(folder / each) for each in ('tiny.py', 'tiny.pth', 'videos')]
    options = [*files, str(tmp_path), *WINDOWS, '--json', '--device', 'cpu']
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    killed = subprocess.run([sys.executable, '-c', program, *options], env=environment, check=False)
    assert killed.returncode == 9
    assert [path.name for path in tmp_path.glob('[!.]*.npy')] == ['[c].npy']
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    summary = json.loads(done.stdout)
    assert (summary['done'], summary['skipped']) == (2, 1)
    assert {path.name for path in tmp_path.glob('*.npy')} == {'[c].npy', 'a.npy', 'b.npy'}


@pytest.mark.slow
def test_a_cluster_makes_the_same_files_although_an_actor_is_killed(
    folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip('ray', reason="needs the extra 'ray'")
    for number in range(40):
        frames = moving_shapes(12 + number % 5, seed=number)
        write_video(tmp_path / f'videos/{number % 3}/{number}.mp4', frames, fps=10)
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(SCRIPT.parents[2])}

    def begin(out: str, *options: str) -> subprocess.Popen[str]:
        files = [folder / 'tiny.py', folder / 'tiny.pth', tmp_path / 'videos', tmp_path / out]
        words = [sys.executable, SCRIPT, *files, *WINDOWS, '--json', '--device', 'cpu', *options]
        return subprocess.Popen(
            list(map(str, words)), env=environment, text=True, stdout=subprocess.PIPE
        )

    def files(out: str) -> dict[str, bytes]:
        found = (tmp_path / out).rglob('*.*')
        return {str(path.relative_to(tmp_path / out)): path.read_bytes() for path in found}

    local = begin('local')
    expected = json.loads(local.communicate(timeout=300)[0])
    spread = begin('spread', '--engine', 'ray', '--actors', '2')
    actors: set[int] = set()
    while len(actors) < 2 or len(list((tmp_path / 'spread').rglob('*.npy'))) < 4:
        assert spread.poll() is None
        actors |= {pid for pid in _actors() if _descends(pid, spread.pid)}
        time.sleep(0.05)
    os.kill(min(actors), signal.SIGKILL)
    found = json.loads(spread.communicate(timeout=300)[0])
    assert spread.returncode == local.returncode == 0
    assert len(files('local')) >= 40 and files('spread') == files('local')
    same = ('videos', 'done', 'failed', 'windows', 'settings')
    assert {name: found[name] for name in same} == {name: expected[name] for name in same}


def _actors() -> Iterator[int]:
    for place in Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            if (place / 'cmdline').read_bytes().startswith(b'ray::_Actor'):
                yield int(place.name)


def _descends(pid: int, ancestor: int) -> bool:
    while pid > 1 and pid != ancestor:
        pid = int(Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[1])
    return pid == ancestor
