"""Contract: benchmark_features.py compares two ways to the same features, in one run."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.videos import make_broken_video

SCRIPT = Path(__file__).resolve().parents[3] / 'tools' / 'analysis_tools' / 'benchmark_features.py'


@pytest.mark.slow  # two ViT-B on every window of a video
def test_both_ways_come_to_the_same_features() -> None:
    options = ['--seconds', '2', '--size', '32', '--gop', '30', '--json']
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options],
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    fast, slow = report['ways']
    assert (fast['way'], slow['way']) == ('extractor', 'one by one')
    assert fast['windows'] == slow['windows'] == (2 * 30 - 16) // 4 + 1
    assert report['half']['windows'] == (30 - 16) // 4 + 1
    assert report['largest_difference'] < 1e-4 < 0.1 < report['largest_value']
    assert report['times_as_fast_cpu'] == pytest.approx(slow['cpu_s'] / fast['cpu_s'])


def test_wrong_input_ends_in_one_line(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    spec = importlib.util.spec_from_file_location('benchmark_features', SCRIPT)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    video = make_broken_video('text', tmp_path / 'a.mp4')
    monkeypatch.setattr(sys, 'argv', [str(SCRIPT), str(video)])
    assert tool.main() == 1
    captured = capsys.readouterr()
    assert captured.out == '' and len(captured.err.splitlines()) == 1
    assert captured.err.startswith('benchmark_features.py: cannot read video')
    monkeypatch.setattr(sys, 'argv', [str(SCRIPT), '--window', '3'])
    with pytest.raises(SystemExit, match='2'):
        tool.main()
    assert 'even --window' in capsys.readouterr().err
