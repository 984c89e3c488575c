"""Contract: benchmark_segments.py reports times and memory of all its cases in one run."""

from tests.support.tools import CallTool

TOOL = 'analysis_tools/benchmark_segments.py'


def test_the_report(call_tool: CallTool) -> None:
    words = ('--count', 400, '--classes', 3, '--length', 2304, '--rounds', 1, '--threads', 1)
    report = call_tool(TOOL, *words, '--json').summary
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


def test_numbers_must_be_positive(call_tool: CallTool) -> None:
    done = call_tool(TOOL, '--count', 0)
    assert done.code == 2 and 'all numbers must be positive' in done.err
