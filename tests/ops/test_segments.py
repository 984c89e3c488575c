"""Protects `ops.segments`: each function equals a slow restatement, with ties and duplicates."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.ops.segments import (
    ctr_diou_loss_1d,
    distinct,
    nms_1d,
    segment_iou,
    soft_nms_1d,
    vote,
)

Segment = tuple[float, float]


def iou_of(a: Segment, b: Segment, eps: float = 0.0) -> float:
    """The length in both over the length in either."""
    both = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    either = ((a[1] - a[0] + eps) + (b[1] - b[0] + eps)) - both
    return both / either if either > 0 else 0.0


def slow_suppression(
    segments: list[Segment],
    scores: list[float],
    labels: list[int],
    method: str,
    value: float,
    min_score: float,
    limit: int,
) -> list[tuple[int, float]]:
    """Indices and scores of kept candidates by definition, one at a time."""
    results = []
    for label in set(labels):
        left = {i: scores[i] for i in range(len(scores)) if labels[i] == label}
        left = {i: score for i, score in left.items() if score >= min_score}
        for _ in range(limit):
            if not left:
                break
            best = min(left, key=lambda i: (-left[i], i))
            results.append((best, left.pop(best)))
            for other in list(left):
                iou = iou_of(segments[best], segments[other], 1e-6)
                if method == 'gaussian':
                    # NumPy's, so that what is equal is equal to the last bit on both sides.
                    left[other] *= float(np.exp(iou * iou / -value))
                elif method == 'linear':
                    left[other] *= 1 - iou if iou >= value else 1
                elif iou >= value:
                    left[other] = -1
                if left[other] < min_score:
                    del left[other]
    return sorted(results, key=lambda pair: (-pair[1], pair[0]))


def fast_suppression(
    segments: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray | None,
    method: str,
    value: float,
    min_score: float,
    limit: int,
) -> list[tuple[int, float]]:
    if method == 'hard':
        kept = nms_1d(segments, scores, labels, value, min_score, limit)
    elif method == 'gaussian':
        kept = soft_nms_1d(
            segments, scores, labels, 'gaussian', value, min_score=min_score, max_per_class=limit
        )
    else:
        kept = soft_nms_1d(segments, scores, labels, 'linear', 9.0, value, min_score, limit)
    return list(zip(kept.indices.tolist(), kept.scores.tolist(), strict=True))


METHODS = [('gaussian', 0.5), ('gaussian', 0.75), ('linear', 0.1), ('linear', 0.4), ('hard', 0.6)]


@pytest.mark.parametrize(('method', 'value'), METHODS)
@given(data=st.data())
@settings(max_examples=60)
def test_suppression_equals_its_definition_with_ties_and_duplicates(
    method: str, value: float, data: st.DataObject
) -> None:
    # Few distinct values: equal scores, equal segments and empty segments are common.
    count = data.draw(st.integers(0, 30))
    integers = st.lists(st.integers(0, 8), min_size=count, max_size=count)
    starts, lengths, levels = (np.array(data.draw(integers), dtype=float) for _ in range(3))
    labels = np.array(data.draw(integers), dtype=int) % 3
    segments, scores = np.stack([starts, starts + lengths], 1), levels / 8
    limit = data.draw(st.sampled_from([1, 3, 100]))
    arguments = (method, value, 0.05, limit)
    slow = slow_suppression(
        [(a, b) for a, b in segments.tolist()], scores.tolist(), labels.tolist(), *arguments
    )
    fast = fast_suppression(segments, scores, labels, *arguments)
    assert [index for index, _ in fast] == [index for index, _ in slow]
    assert [score for _, score in fast] == pytest.approx([score for _, score in slow], abs=1e-12)


@pytest.mark.parametrize(('method', 'value'), METHODS)
def test_suppression_equals_its_definition_on_random_data(method: str, value: float) -> None:
    rng = np.random.default_rng(0)
    centres, lengths = rng.uniform(0, 50, 400), rng.lognormal(1, 1, 400)
    segments = np.stack([centres - lengths / 2, centres + lengths / 2], 1)
    scores, labels = rng.uniform(0, 1, 400) ** 3, rng.integers(0, 4, 400)
    segments[200:210], scores[200:220] = segments[:10], scores[:20]
    arguments = (method, value, 0.001, 60)
    fast = fast_suppression(segments, scores, labels, *arguments)
    pairs = [(a, b) for a, b in segments.tolist()]
    slow = slow_suppression(pairs, scores.tolist(), labels.tolist(), *arguments)
    assert [index for index, _ in fast] == [index for index, _ in slow]
    assert [score for _, score in fast] == pytest.approx([score for _, score in slow], abs=1e-9)


def test_without_labels_all_candidates_are_of_one_class() -> None:
    segments = np.array([[0.0, 10.0], [0.0, 10.0], [20.0, 30.0]])
    scores = np.array([0.9, 0.8, 0.7])
    assert nms_1d(segments, scores).indices.tolist() == [0, 2]
    assert nms_1d(segments, scores, np.array([0, 1, 0])).indices.tolist() == [0, 1, 2]


def test_limits_themselves_suppress_and_keep() -> None:
    segments, scores = np.array([[0.0, 10.0], [0.0, 8.0]]), np.array([0.9, 0.5])
    iou = segment_iou(segments[:1], segments[1:], 1e-6).item()
    assert nms_1d(segments, scores, iou_threshold=iou).indices.tolist() == [0]
    soft = soft_nms_1d(segments, scores, method='linear', iou_threshold=iou)
    assert soft.scores.tolist() == pytest.approx([0.9, 0.5 * (1 - iou)])
    apart = np.array([[0.0, 1.0], [5.0, 6.0]])
    assert len(soft_nms_1d(apart, np.full(2, 0.5), min_score=0.5).indices) == 2


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=6),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=6),
    st.sampled_from([0.0, 1e-6]),
)
def test_iou_equals_its_definition(
    a: list[tuple[int, int]], b: list[tuple[int, int]], eps: float
) -> None:
    firsts = [(start, start + length) for start, length in a]
    seconds = [(start, start + length) for start, length in b]
    found = segment_iou(
        np.array(firsts, float).reshape(-1, 2), np.array(seconds, float).reshape(-1, 2), eps
    )
    assert found.shape == (len(a), len(b))
    expected = [[iou_of(x, y, eps) for y in seconds] for x in firsts]
    assert found.tolist() == [pytest.approx(row, abs=1e-12) for row in expected]


def test_diou_loss_equals_its_definition_on_whole_segments() -> None:
    rng = np.random.default_rng(0)
    pred, target = rng.uniform(0, 5, (50, 2)), rng.uniform(0, 5, (50, 2))
    expected = []
    for (left, right), (true_left, true_right) in zip(pred, target, strict=True):
        a, b = (10 - left, 10 + right), (10 - true_left, 10 + true_right)
        apart = (a[0] + a[1]) / 2 - (b[0] + b[1]) / 2
        around = max(a[1], b[1]) - min(a[0], b[0])
        expected.append(1 - iou_of(a, b) + (apart / around) ** 2)
    loss = ctr_diou_loss_1d(torch.tensor(pred), torch.tensor(target))
    assert loss.tolist() == pytest.approx(expected, abs=1e-5)


def test_diou_loss_of_equal_segments_is_0_and_of_empty_ones_has_finite_gradients() -> None:
    same = torch.tensor([[1.0, 2.0]])
    assert ctr_diou_loss_1d(same, same).item() == pytest.approx(0, abs=1e-6)
    empty = torch.zeros(1, 2, requires_grad=True)
    ctr_diou_loss_1d(empty, same).sum().backward()
    assert empty.grad is not None and bool(empty.grad.isfinite().all())
    both = torch.zeros(1, 2, requires_grad=True)
    loss = ctr_diou_loss_1d(both, torch.zeros(1, 2))
    loss.sum().backward()
    assert both.grad is not None and bool(both.grad.isfinite().all() & loss.isfinite().all())


def test_voting_averages_what_overlaps_by_score_times_iou() -> None:
    segments = np.array([[0.0, 10.0], [0.0, 8.0], [0.0, 1.0], [50.0, 60.0]])
    scores = np.array([0.5, 0.4, 0.9, 0.9])
    voted = vote(segments[:1], segments, scores, iou_threshold=0.7)
    weights = [0.5 * 1.0, 0.4 * 0.8]
    assert voted[0, 0] == 0
    assert voted[0, 1] == pytest.approx((weights[0] * 10 + weights[1] * 8) / sum(weights), abs=1e-5)


def test_voting_keeps_a_segment_that_nothing_overlaps() -> None:
    kept = np.array([[3.0, 3.0]])
    assert vote(kept, kept, np.array([0.5]), 0.7).tolist() == kept.tolist()


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match='expected, got'):
        nms_1d(np.zeros((2, 2)), np.zeros(3))
    with pytest.raises(ValueError, match='finite'):
        soft_nms_1d(np.array([[0.0, np.nan]]), np.ones(1))
    with pytest.raises(ValueError, match="unknown soft NMS method 'cubic'"):
        soft_nms_1d(np.zeros((1, 2)), np.ones(1), method='cubic')


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(st.integers(0, 9), st.integers(-1, 9), st.booleans()), max_size=30))
def test_distinct_equals_comparing_each_with_all_before(rows: list[tuple]) -> None:
    """Ends are multiples of 0.4 ms, so that cells, ends and lengths all lie apart or together."""
    segments = np.array([(5 + start, 5 + start + length) for start, length, _ in rows]) * 4e-4
    segments = segments.reshape(-1, 2)
    kept: list[int] = []
    for row, (start, end) in enumerate(segments):
        near = [
            other
            for other in kept
            if rows[other][2] == rows[row][2]
            and np.abs(segments[other] - segments[row]).max() <= 1e-3 + 1e-9
        ]
        if end >= start and (near or end - start < 1e-3):
            continue
        if end >= start:
            kept.append(row)
    expected = [row in kept or rows[row][1] < 0 for row in range(len(rows))]
    assert distinct(segments, [label for _, _, label in rows]).tolist() == expected


def test_distinct_leaves_what_is_no_segment() -> None:
    rows = np.array([[1, np.nan], [1, np.nan], [np.inf, 2], [3, 1], [3, 1], [2.003, 2.004]])
    assert distinct(rows, 'aaaaaa').all()
    with pytest.raises(ValueError, match='zip'):
        distinct(rows, 'a')
