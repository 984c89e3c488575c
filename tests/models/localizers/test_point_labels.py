"""Protects the labelling: every point gets its target by definition, ties included."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.models.localizers.point_labels import label_points, make_points

STRIDES, RANGES = (1, 2, 4), ((0, 4), (4, 8), (8, 10000))


def slow_labels(
    place: float,
    stride: int,
    reach: tuple[float, float],
    segments: list[tuple[float, float]],
    labels: list[int],
    radius: float | None,
    every: bool,
) -> tuple[set[int], tuple[float, float] | None]:
    """Classes and distances of one point, by the definition."""
    mine = []
    for number, (start, end) in enumerate(segments):
        left, right = place - start, end - place
        inside = left > 0 and right > 0
        central = radius is None or abs(place - (start + end) / 2) < radius * stride
        if inside and central and reach[0] <= max(left, right) <= reach[1]:
            mine.append((end - start, number))
    if not mine:
        return set(), None
    shortest, first = min(mine)
    classes = {labels[n] for length, n in mine if every or length <= shortest + 1e-3}
    start, end = segments[first]
    return classes, ((place - start) / stride, (end - place) / stride)


@given(
    st.lists(st.tuples(st.integers(0, 32), st.integers(1, 24), st.integers(0, 3)), max_size=8),
    st.sampled_from([None, 1.5, 0.5]),
    st.booleans(),
)
@settings(max_examples=100)
def test_labels_equal_their_definition(
    drawn: list[tuple[int, int, int]], radius: float | None, every: bool
) -> None:
    # Whole and half numbers: ends on points and equal lengths are common.
    segments = [(start / 2, (start + length) / 2) for start, length, _ in drawn]
    labels = [label for _, _, label in drawn]
    points = make_points((16, 8, 4), STRIDES, RANGES)
    found = label_points(
        points,
        torch.tensor(segments).reshape(-1, 2),
        torch.tensor(labels, dtype=torch.int64),
        4,
        radius,
        every,
    )
    rows = [
        (step * stride, stride, reach)
        for stride, reach, count in zip(STRIDES, RANGES, (16, 8, 4), strict=True)
        for step in range(count)
    ]
    assert points.places.tolist() == [place for place, _, _ in rows]
    for row, (place, stride, reach) in enumerate(rows):
        classes, distances = slow_labels(place, stride, reach, segments, labels, radius, every)
        assert found.classes[row].tolist() == [float(label in classes) for label in range(4)]
        if distances is not None:
            assert found.distances[row].tolist() == pytest.approx(distances)


def test_equally_short_segments_share_their_classes_and_a_longer_one_does_not_count() -> None:
    points = make_points((16,), (1,), ((0, 10000),))
    segments = torch.tensor([[2.0, 8.0], [2.0, 8.0005], [2.0, 8.0], [0.0, 12.0]])
    found = label_points(points, segments, torch.tensor([0, 1, 0, 2]), 3)
    assert found.classes[5].tolist() == [1, 1, 0]
    assert found.distances[5].tolist() == pytest.approx([3, 3], abs=1e-3)


def test_a_video_without_segments_is_all_background() -> None:
    points = make_points((16,), (1,), ((0, 4),))
    found = label_points(points, torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64), 3)
    assert found.classes.shape == (16, 3) and not found.classes.any()
    assert found.distances.shape == (16, 2)
