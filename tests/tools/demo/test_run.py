"""The demo turns videos into a report, and refuses a folder without videos."""

import html
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tools import CallTool
from tests.support.videos import moving_shapes, write_video

ROOT = Path(__file__).resolve().parents[3]


def demo(out: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / 'tools/demo/run.py', '--out', out, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=1500,
        cwd=out.parent,
        check=False,
    )


def test_a_folder_without_videos_is_one_clear_line(tmp_path: Path, call_tool: CallTool) -> None:
    done = call_tool('demo/run.py', '--out', tmp_path / 'demo', '--videos', tmp_path)
    told = str(done.code)  # what Python prints when it exits
    assert 'video' in told and str(tmp_path) in told and '\n' not in told


@pytest.mark.slow
def test_own_videos_give_a_report_with_reconstructions(tmp_path: Path) -> None:
    folder = tmp_path / 'my videos'
    folder.mkdir()
    for number in range(2):
        write_video(folder / f'clip {number}.mp4', moving_shapes(40, 64, 64, seed=number))
    done = demo(tmp_path / 'demo', '--videos', folder, '--epochs', 1)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / 'demo' / 'report.html').read_text()
    assert page.count('data:image/gif;base64') == 2
    assert 'mmvideomae train' in page


@pytest.mark.slow
def test_the_demo_tells_both_accuracies(tmp_path: Path) -> None:
    done = demo(tmp_path / 'demo')
    assert done.returncode == 0, done.stdout + done.stderr
    assert '3 of 7: Pre-trained, then fine-tuned: ' in done.stdout
    page = (tmp_path / 'demo' / 'report.html').read_text()
    assert 'Trained from scratch' in page
    for file in re.findall('href="(.*?)"', page):
        assert (tmp_path / 'demo' / file).is_file()
    following = page.partition('What to try next')[2]
    words = shlex.split(html.unescape(re.findall('mmvideomae classify [^<]*', following)[0]))
    told = subprocess.run(
        [sys.executable, '-m', *words, '--json'],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert told.returncode == 0 and 'move_down' in told.stdout, told.stderr


@pytest.mark.slow
def test_vimpac_trains_a_tokenizer_first(tmp_path: Path) -> None:
    done = demo(tmp_path / 'demo', '--method', 'vimpac', '--epochs', 1)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / 'demo' / 'report.html').read_text()
    made = page.partition('Commands that made this page')[2]
    assert 0 < made.index('vqvae_tiny_motion.py') < made.index('vimpac_tiny_pretrain_motion.py')
    assert 'Trained from scratch' in page and page.count('data:image/gif;base64') == 1


def test_ones_own_videos_are_for_videomae(tmp_path: Path, call_tool: CallTool) -> None:
    done = call_tool('demo/run.py', '--videos', tmp_path, '--method', 'vimpac')
    assert done.code == 2 and 'docs/vimpac.md' in done.err
