"""The sinusoid follows its formula; longer clips extend it, larger frames interpolate it."""

import math

import pytest
import torch
from torch.nn import functional as F

from mmvideomae.ops.positions import resize_axis, resize_table, sinusoid_grid, sinusoid_table


@pytest.mark.parametrize(('token', 'column'), [(0, 0), (7, 0), (7, 1), (1567, 100), (1567, 767)])
def test_entries_follow_the_formula(token: int, column: int) -> None:
    angle = token / 10000 ** (2 * (column // 2) / 768)
    expected = math.cos(angle) if column % 2 else math.sin(angle)
    assert sinusoid_table(1568, 768)[token, column].item() == pytest.approx(expected, abs=1e-7)


def test_another_number_of_frames_extends_or_cuts_the_table() -> None:
    table = sinusoid_table(8 * 14 * 14, 32)
    assert torch.equal(sinusoid_grid((16, 14, 14), (8, 14, 14), 32)[: len(table)], table)
    assert torch.equal(sinusoid_grid((4, 14, 14), (8, 14, 14), 32), table[: 4 * 196])


def test_another_frame_size_is_bicubic_within_each_slot() -> None:
    base = sinusoid_table(2 * 4 * 4, 8).reshape(2, 4, 4, 8)
    resized = sinusoid_grid((2, 6, 5), (2, 4, 4), 8).reshape(2, 6, 5, 8)
    for slot in range(2):
        image = base[slot].permute(2, 0, 1)[None]
        expected = F.interpolate(image, size=(6, 5), mode='bicubic', align_corners=False)[0]
        torch.testing.assert_close(resized[slot].permute(2, 0, 1), expected)


def test_the_same_grid_is_left_alone_and_time_is_linear() -> None:
    table = torch.randn(2 * 3 * 3, 4)
    assert resize_table(table, (2, 3, 3), (2, 3, 3)) is table
    middle = resize_table(table, (2, 3, 3), (1, 3, 3))
    torch.testing.assert_close(middle, table.reshape(2, 9, 4).mean(0))


@pytest.mark.parametrize(('before', 'after'), [(5, 10), (16, 32), (7, 4), (3, 1)])
def test_an_axis_is_interpolated_between_the_centres_of_its_cells(before: int, after: int) -> None:
    table = torch.randn(before, 3)
    resized = resize_axis(table, after)
    for place in range(after):
        centre = min(max((place + 0.5) * before / after - 0.5, 0), before - 1)
        low = int(centre)
        high, share = min(low + 1, before - 1), centre - low
        expected = (1 - share) * table[low] + share * table[high]
        torch.testing.assert_close(resized[place], expected)
    assert resize_axis(table, before) is table
    assert resize_axis(table.bfloat16(), after).dtype == torch.bfloat16
