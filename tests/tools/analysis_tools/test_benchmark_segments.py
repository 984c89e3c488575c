"""Contract: benchmark_segments.py reports times and memory of what it names, in one run."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[3] / 'tools' / 'analysis_tools' / 'benchmark_segments.py'


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('benchmark_segments', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_report(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ['--count', '400', '--classes', '3', '--length', '2304', '--rounds', '1']
    monkeypatch.setattr(sys, 'argv', ['benchmark_segments.py', *words, '--threads', '1', '--json'])
    assert tool.main() == 0
    report = json.loads(capsys.readouterr().out)
    assert (report['count'], report['classes'], report['length']) == (400, 3, 2304)
    assert [row['what'] for row in report['times']] == [
        'soft NMS, gaussian', 'soft NMS, linear', 'hard NMS', 'mAP of 5 thresholds',
    ]  # fmt: skip
    assert all(row['wall_s'] > 0 for row in report['times'])
    local, fused, scores = report['attention']
    # One matrix of scores of all heads is kept whole, and no such thing by local attention.
    assert scores['kept_mib'] > 4 * 2304**2 * 4 / 2**20
    assert local['kept_mib'] < scores['kept_mib'] / 3 and local['peak_mib'] < scores['peak_mib'] / 3
    assert local['kept_mib'] < fused['kept_mib'] < scores['kept_mib']


def test_numbers_must_be_positive(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, 'argv', ['benchmark_segments.py', '--count', '0'])
    with pytest.raises(SystemExit, match='2'):
        tool.main()
    assert 'all numbers must be positive' in capsys.readouterr().err
