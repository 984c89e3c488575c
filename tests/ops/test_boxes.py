"""Contract: edges move within limits, overlaps are areas, and views are undone."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mmvideomae.ops.boxes import box_iou, extend_boxes, from_view, jitter_boxes

AVA = (0.2, 0.1, 0.1, 0.05)
SIZES = st.tuples(st.integers(8, 300), st.integers(8, 300))
SHARES = st.tuples(*[st.floats(0, 0.45) for _ in range(4)])


def draw_boxes(count: int, size: tuple[int, int], seed: int, least: float = 1.0) -> Tensor:
    """Boxes (n, 4) within a frame, no side shorter than ``least`` pixels."""
    generator = torch.Generator().manual_seed(seed)
    height, width = size
    frame = torch.tensor([width, height], dtype=torch.float32)
    sides = least + torch.rand(count, 2, generator=generator) * (frame - least)
    corners = torch.rand(count, 2, generator=generator) * (frame - sides)
    return torch.cat([corners, corners + sides], 1)


@settings(max_examples=60)
@given(size=SIZES, amounts=SHARES, seed=st.integers(0, 999), count=st.integers(0, 9))
def test_jittered_edges_stay_within_their_bounds_and_the_frame(
    size: tuple[int, int], amounts: Any, seed: int, count: int
) -> None:
    boxes = draw_boxes(count, size, seed, least=4.0)
    moved = jitter_boxes(boxes, size, amounts)
    assert moved.shape == (count, 4)
    height, width = size
    x_out, x_in, y_out, y_in = amounts
    for old, new in zip(boxes.tolist(), moved.tolist(), strict=True):
        w, h = old[2] - old[0] + 1, old[3] - old[1] + 1
        slack = 1e-3
        assert max(0, old[0] - x_out * w) - slack <= new[0] <= old[0] + x_in * w + slack
        assert max(0, old[1] - y_out * h) - slack <= new[1] <= old[1] + y_in * h + slack
        assert old[2] - x_in * w - slack <= new[2] <= min(width, old[2] + x_out * w) + slack
        assert old[3] - y_in * h - slack <= new[3] <= min(height, old[3] + y_out * h) + slack


def test_jitter_reaches_its_bounds_with_every_edge_by_itself() -> None:
    box = torch.tensor([[100.0, 200, 199, 399]])  # 100 x 200 pixels
    torch.manual_seed(0)
    moves = jitter_boxes(box.repeat(20000, 1), (1000, 1000), AVA) - box
    torch.testing.assert_close(
        moves.amin(0), torch.tensor([-20.0, -20, -10, -10]), rtol=0, atol=0.05
    )
    torch.testing.assert_close(moves.amax(0), torch.tensor([10.0, 10, 20, 20]), rtol=0, atol=0.05)
    assert torch.corrcoef(moves.T).triu(1).abs().max() < 0.03
    # Evenly spread: the mean lies in the middle.
    middle = torch.tensor([-5.0, -5, 5, 5])
    torch.testing.assert_close(moves.mean(0), middle, rtol=0, atol=0.3)


def test_jitter_follows_the_seed_of_torch() -> None:
    boxes = draw_boxes(5, (50, 60), seed=1)
    drawn = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        drawn.append(jitter_boxes(boxes, (50, 60), AVA))
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], boxes)


@settings(max_examples=40)
@given(size=SIZES, x=st.floats(0, 1), y=st.floats(0, 1), seed=st.integers(0, 999))
def test_extension_is_half_a_share_at_either_edge(
    size: tuple[int, int], x: float, y: float, seed: int
) -> None:
    boxes = draw_boxes(4, size, seed)
    found = extend_boxes(boxes, size, (x, y))
    height, width = size
    for old, new in zip(boxes.tolist(), found.tolist(), strict=True):
        w, h = old[2] - old[0] + 1, old[3] - old[1] + 1
        expected = [
            max(old[0] - x * w / 2, 0),
            max(old[1] - y * h / 2, 0),
            min(old[2] + x * w / 2, width),
            min(old[3] + y * h / 2, height),
        ]
        assert new == pytest.approx(expected, abs=1e-3)
    assert torch.equal(extend_boxes(boxes, size, (0, 0)), boxes)


@settings(max_examples=40)
@given(
    edges=st.lists(
        st.tuples(*[st.integers(0, 9) for _ in range(4)]).map(
            lambda e: [min(e[0], e[2]), min(e[1], e[3]), max(e[0], e[2]), max(e[1], e[3])]
        ),
        min_size=2,
        max_size=6,
    )
)
def test_overlap_is_counted_cell_by_cell(edges: list[list[int]]) -> None:
    def cells(box: list[int]) -> set[tuple[int, int]]:
        return {(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])}

    a, b = edges[:-1], edges[1:]
    found = box_iou(torch.tensor(a).float(), torch.tensor(b).float())
    for row, mine in enumerate(a):
        for column, theirs in enumerate(b):
            both, either = cells(mine) & cells(theirs), cells(mine) | cells(theirs)
            expected = len(both) / len(either) if either else 0.0
            assert found[row, column].item() == pytest.approx(expected, abs=1e-6)


def test_no_boxes_have_no_overlaps() -> None:
    none, one = torch.zeros(0, 4), torch.ones(1, 4)
    assert box_iou(none, one).shape == (0, 1) and box_iou(one, none).shape == (1, 0)
    assert box_iou(one, one).tolist() == [[0.0]]  # a box without an area


@settings(max_examples=60)
@given(
    size=SIZES,
    crop=st.tuples(*[st.floats(0, 0.4) for _ in range(2)], *[st.floats(0.5, 1) for _ in range(2)]),
    flip=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_view_is_undone(size: tuple[int, int], crop: Any, flip: bool, seed: int) -> None:
    """Shares of the frame -> of the crop -> mirrored -> pixels, and back."""
    original = draw_boxes(3, (1, 1), seed, least=0.01)
    height, width = size
    left, top, right, bottom = crop
    pixels = []
    for x1, y1, x2, y2 in original.tolist():
        x1, x2 = ((x - left) / (right - left) for x in (x1, x2))
        y1, y2 = ((y - top) / (bottom - top) for y in (y1, y2))
        if flip:
            x1, x2 = 1 - x2, 1 - x1
        pixels.append([x1 * width, y1 * height, x2 * width, y2 * height])
    found = from_view(torch.tensor(pixels), size, crop, flip)
    torch.testing.assert_close(found, original, rtol=0, atol=1e-5)
