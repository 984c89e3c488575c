"""Contract: benchmark_layouts.py trains every given layout at every size in one run."""

import pytest

from tests.support.tools import CallTool

TOOL = 'analysis_tools/benchmark_layouts.py'
QUICK = ('--arch', 'tiny', '--rounds', 1, '--device', 'cpu')


def test_the_report(call_tool: CallTool) -> None:
    words = (
        '--depth',
        1,
        '--sizes',
        '2x16',
        '6x96',
        '--layouts',
        'TxHxW',
        'T,H|W',
        '--attn-drop-rate',
        0,
    )
    report = call_tool(TOOL, *QUICK, *words, '--json').summary
    assert report['setting']['depth'] == 1
    assert list(report['sizes']) == ['2x16', '6x96']
    for rows in report['sizes'].values():
        assert list(rows) == ['TxHxW', 'T,H|W'] and rows['TxHxW']['times_the_first'] == 1
        assert all(row['clips_per_s'] > 0 and row['memory']['peak'] > 0 for row in rows.values())
    # Two more linear layers of attention, but attention that is linear in the other axes.
    few, many = ({k: row['gmacs_per_clip'] for k, row in rows.items()}
                 for rows in report['sizes'].values())  # fmt: skip
    assert few['T,H|W'] > few['TxHxW'] and many['T,H|W'] < many['TxHxW']


def test_the_text(call_tool: CallTool) -> None:
    text = call_tool(TOOL, *QUICK, '--sizes', '2x16', '--layouts', 'T,HxW').out
    assert 'T,HxW' in text and 'GMAC/clip' in text and 'attn_drop_rate 0.1' in text


@pytest.mark.parametrize(
    ('words', 'code', 'told'),
    [
        (('--sizes', '5x100'), 2, "'5x100' is not a size"),
        (('--rounds', 0), 2, 'must be positive'),
        (('--depth', 0), 2, 'must be positive'),
        (('--layouts', 'T;H'), 1, "unknown layout 'T;H'"),
    ],
)
def test_wrong_words(call_tool: CallTool, words: tuple[object, ...], code: int, told: str) -> None:
    done = call_tool(TOOL, *QUICK[:2], *words)
    assert done.code == code and told in done.err
