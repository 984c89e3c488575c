"""A confusion matrix as a table of links."""

from collections.abc import Sequence
from html import escape

import numpy as np

from mmvideomae.visualization.confusion import order_by_confusion

_MOST_CLASSES = 40


def confusion_table(counts: np.ndarray, names: Sequence[str]) -> str:
    """HTML of the confusion matrix of the classes with mistakes.

    The cell of a mistake is a link such as ``#true=3&predicted=5``.

    Args:
        counts: Number of clips of each class (row) by predicted class (column), (K, K) int.
        names: Names of the K classes.
    """
    missed = counts * ~np.eye(len(counts), dtype=bool)
    mistakes = missed.sum(0) + missed.sum(1)
    involved = np.flatnonzero(mistakes)
    if not len(involved):
        return '<p class="empty">No clip is wrong.</p>'
    most = involved[np.argsort(-mistakes[involved], kind='stable')[:_MOST_CLASSES]]
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    shown = most[order_by_confusion(shares[np.ix_(most, most)])].tolist()
    head = ''.join(f'<th scope="col"><span>{escape(names[each])}</span></th>' for each in shown)
    rows = ''.join(
        f'<tr><th scope="row">{escape(names[row])}</th>'
        f'{"".join(_cell(counts, shares, row, column, names) for column in shown)}</tr>'
        for row in shown
    )
    left_out = (
        f' These are the {len(shown)} of {len(involved)} classes with the most mistakes.'
        if len(shown) < len(involved)
        else ''
    )
    return (
        f'<table class="matrix"><thead><tr><td class="corner">true \\ predicted</td>{head}</tr>'
        f'</thead><tbody>{rows}</tbody></table><p class="note">Numbers of clips; choose one to see '
        f'its clips, also with arrow keys and Enter.{left_out}</p>'
    )


def _cell(
    counts: np.ndarray, shares: np.ndarray, row: int, column: int, names: Sequence[str]
) -> str:
    number, share = int(counts[row, column]), float(shares[row, column])
    if not number:
        return '<td></td>'
    # The square root makes shares of a few per cent visible.
    if row == column:
        return f'<td class="right" style="--share:{share**0.5:.2f}">{number}</td>'
    words = escape(f'{names[row]} predicted as {names[column]}: {number}')
    return (
        f'<td class="wrong" style="--share:{share**0.5:.2f}"><a href="#true={row}&amp;predicted='
        f'{column}" title="{words}" aria-label="{words}">{number}</a></td>'
    )


TABLE_STYLE = """
.matrix { font-size: 13px; }
.matrix th, .matrix td { padding: 0; border: 1px solid #e8e8e4; }
.matrix tbody th { position: sticky; left: 0; background: #fff; padding: 0 8px; max-width: 11em;
  text-align: right; white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
  vertical-align: middle; }
.matrix thead th { height: 9em; vertical-align: bottom; }
.matrix thead span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 9em;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding: 4px 2px; }
.matrix .corner { color: #666; padding: 0 8px; vertical-align: bottom; }
.matrix td { min-width: 30px; height: 30px; text-align: center; }
.right { background: rgb(33 102 172 / calc(var(--share) * 60%)); }
.wrong { background: rgb(214 96 77 / calc(var(--share) * 75%)); }
.wrong a { display: block; line-height: 30px; color: #222; font-weight: 600; }
.wrong a[aria-current] { outline: 3px solid #222; outline-offset: -2px; }
"""
