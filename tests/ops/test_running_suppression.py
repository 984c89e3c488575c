"""Contract: segments given out early are final, and are those of suppressing all at once.

Exactly so for the candidates of one window; where windows follow one another, what was given out
lowers what comes later, as in a slow restatement.
"""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.ops.detections import Detections, Suppression, suppress
from mmvideomae.ops.running_suppression import RunningSuppression

WINDOW, HOP = 8.0, 4.0
METHODS = [
    {'method': 'gaussian', 'sigma': 0.5},
    {'method': 'gaussian', 'sigma': 0.7, 'voting_thresh': 0.6},
    {'method': 'linear', 'iou_threshold': 0.2},
    {'method': 'hard', 'iou_threshold': 0.3},
    {'method': 'gaussian', 'class_agnostic': True},
    {'method': 'none'},
]
methods = pytest.mark.parametrize(
    'method', METHODS, ids=lambda each: '-'.join(map(str, each.values()))
)


def as_settings(method: dict[str, Any]) -> Suppression:
    return Suppression(**{'min_score': 0.01, 'max_segments': 1000, **method})


def random_window(seed: int, first: float, count: int, longest: float = 1.5 * WINDOW) -> Detections:
    """Candidates around points of a window; ends may lie beyond it."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(first, first + WINDOW, count)
    reach = rng.uniform(0, longest / 2, (count, 2))
    segments = np.stack([points - reach[:, 0], points + reach[:, 1]], 1).clip(0)
    return Detections(segments, rng.uniform(0, 1, count) ** 2, rng.integers(0, 2, count))


def run(windows: list[Detections], wanted: Suppression, end: float) -> list[Detections]:
    """What is given out after each window, and at the end."""
    running, found = RunningSuppression(wanted, WINDOW), []
    for number, window in enumerate(windows):
        running.add(window)
        found.append(running.settle((number + 1) * HOP))
    return [*found, running.finish(end)]


def rows(found: Detections) -> np.ndarray:
    """(n, 4), in an order of their own."""
    table = np.column_stack([found.segments, found.scores, found.labels])
    return table[np.lexsort(table.T)]


@methods
@given(st.integers(0, 10**6), st.integers(0, 40), st.lists(st.floats(0, 12), max_size=4))
@settings(max_examples=40)
def test_one_window_settled_in_parts_is_suppressed_as_a_whole(
    method: dict[str, Any], seed: int, count: int, times: list[float]
) -> None:
    window, wanted, end = random_window(seed, 0, count), as_settings(method), 10.0
    running, found = RunningSuppression(wanted, WINDOW), []
    running.add(window.clipped(0, end))
    for time in sorted(times):
        found.append(running.settle(time))
        assert (found[-1].segments[:, 1] <= time).all() or 'voting_thresh' in method
    found.append(running.finish(end))
    expected = suppress(window.clipped(0, end), wanted)
    np.testing.assert_allclose(rows(Detections.joined(found)), rows(expected), atol=1e-9)


@methods
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=25)
def test_what_was_given_out_does_not_depend_on_what_comes(
    method: dict[str, Any], seed: int, before: int, after: int
) -> None:
    windows = [random_window(seed + i, i * HOP, 15) for i in range(before + after)]
    wanted = as_settings(method)
    long, short = run(windows, wanted, 99.0), run(windows[:before], wanted, before * HOP + 4)
    for one, other in zip(long[:before], short[:before], strict=True):
        np.testing.assert_array_equal(rows(one), rows(other))


@methods
@given(st.integers(0, 10**6), st.integers(1, 5))
@settings(max_examples=25)
def test_windows_without_common_segments_are_suppressed_as_a_whole(
    method: dict[str, Any], seed: int, count: int
) -> None:
    windows = []
    for i in range(count):
        window = random_window(seed + i, i * HOP, 12)
        windows.append(window.clipped(i * HOP + 0.01, (i + 1) * HOP - 0.01))
    wanted = as_settings(method)
    found = Detections.joined(run(windows, wanted, count * HOP))
    expected = suppress(Detections.joined(windows), wanted)
    np.testing.assert_allclose(rows(found), rows(expected), atol=1e-9)


def slowly(windows: list[Detections], wanted: Suppression, end: float) -> list[list[float]]:
    """Gaussian suppression within classes by its definition, one candidate at a time."""
    given_out: list[list[float]] = []
    waiting: list[list[float]] = []
    kept: list[list[float]] = []

    def weight(a: list[float], b: list[float]) -> float:
        shared = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
        overlap = shared / (a[1] - a[0] + b[1] - b[0] + 2e-6 - shared)
        # The length in suppression is a little longer than it is, once for each.
        return math.exp(-(overlap**2) / wanted.sigma) if a[3] == b[3] else 1.0

    for number, window in [*enumerate(windows), (len(windows), None)]:
        for row in [] if window is None else np.column_stack(window).tolist():
            lowered = row[2] * math.prod(weight(row, other) for other in given_out)
            waiting.append([row[0], row[1], lowered, row[3]])
        until = math.inf if window is None else (number + 1) * HOP
        if window is None:
            waiting = [[min(r[0], end), min(r[1], end), *r[2:]] for r in waiting]
        else:
            waiting = [[r[0], min(r[1], until + 2 * WINDOW), *r[2:]] for r in waiting]
        pool = [[*row, row[2]] for row in waiting]  # with the score to compare by
        later = {id(row): row for row in pool}
        while later:
            best = max(later.values(), key=lambda row: row[4])
            del later[id(best)]
            if best[4] < wanted.min_score:
                continue
            for row in later.values():
                row[4] *= weight(best, row)
                if best[1] <= until:
                    row[2] *= weight(best, row)
            if best[1] <= until:
                kept.append([best[0], best[1], best[4], best[3]])
                given_out.append(best)
        waiting = [row[:4] for row in pool if row[1] > until and row[2] >= wanted.min_score]
    return kept


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(0, 12))
@settings(max_examples=60)
def test_windows_that_overlap_equal_a_slow_restatement(seed: int, count: int, each: int) -> None:
    windows = [random_window(seed + i, i * HOP, each, WINDOW) for i in range(count)]
    wanted, end = as_settings(METHODS[0]), count * HOP + 3.5
    found = rows(Detections.joined(run(windows, wanted, end)))
    expected = np.array(slowly(windows, wanted, end)).reshape(-1, 4)
    np.testing.assert_allclose(found, expected[np.lexsort(expected.T)], atol=1e-6)


@given(st.integers(0, 10**6))
@settings(max_examples=25)
def test_hard_suppression_gives_out_no_two_that_overlap(seed: int) -> None:
    windows = [random_window(seed + i, i * HOP, 15) for i in range(5)]
    found = Detections.joined(run(windows, as_settings(METHODS[3]), 99.0))
    for label in (0, 1):
        segments = found.segments[found.labels == label]
        alone = Detections(segments, np.ones(len(segments)), np.zeros(len(segments), int))
        assert len(suppress(alone, as_settings(METHODS[3])).labels) == len(segments)


def test_what_ended_long_ago_is_forgotten() -> None:
    running = RunningSuppression(as_settings(METHODS[1]), WINDOW)
    sizes = []
    for number in range(60):
        window = random_window(number, number * HOP, 20)
        far = window.segments.copy()
        far[0, 1] = 1e9  # a segment without end must not wait for ever
        running.add(window._replace(segments=far))
        running.settle((number + 1) * HOP)
        parts = (running._waiting, running._given, running._voters)
        sizes.append(sum(len(part.labels) for part in parts))
    assert max(sizes[30:]) <= max(sizes[:30]) * 1.2 and max(sizes) < 400


def test_nothing_found_is_nothing_given() -> None:
    running = RunningSuppression(as_settings(METHODS[0]), WINDOW)
    assert not len(running.settle(3.0).labels) and not len(running.finish(4.0).labels)
