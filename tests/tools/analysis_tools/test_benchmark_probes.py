"""Contract: benchmark_probes.py compares several learning rates in one pass with one."""

import pytest

from tests.support.tools import CallTool

SMALL = ['--size', 32, '--frames', 4, '--videos', 4, '--epochs', 1, '--batch-size', 2]


def test_ratios_are_those_of_the_times(call_tool: CallTool) -> None:
    done = call_tool('analysis_tools/benchmark_probes.py', *SMALL, '--repeats', 1, '--json')
    assert done.code == 0, done.err
    report = done.summary
    assert report['tokens'] == [8, 192]
    one, several = report['training_s']['one'], report['training_s']['several']
    assert report['training_ratio'] == pytest.approx(several / one)
    encoding = report['encoding_s']
    assert report['probe_ratio'] == pytest.approx((encoding + several) / (encoding + one))


def test_wrong_numbers_show_the_usage(call_tool: CallTool) -> None:
    done = call_tool('analysis_tools/benchmark_probes.py', '--size', 30)
    assert done.code == 2 and '--size divisible by 16' in done.err
