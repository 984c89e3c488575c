"""Contract: benchmark_features.py compares two ways to the same features in one run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tools import CallTool
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


def test_wrong_input_ends_in_one_line(call_tool: CallTool, tmp_path: Path) -> None:
    video = make_broken_video('text', tmp_path / 'a.mp4')
    done = call_tool('analysis_tools/benchmark_features.py', video)
    assert done.code == 1 and done.out == '' and len(done.err.splitlines()) == 1
    assert done.err.startswith('benchmark_features.py: cannot read video')
    done = call_tool('analysis_tools/benchmark_features.py', '--window', 3)
    assert done.code == 2 and 'even --window' in done.err
