"""Rotary positions equal V-JEPA 2's published rule, channel by channel."""

import math

import pytest
import torch

from mmvideomae.ops.rotary import grid_rotation, rotate


def written_out(vector: list[float], place: tuple[int, int, int]) -> list[float]:
    """One query of one head, axis by axis: pairs of neighbours, rates laid out twice."""
    count = 2 * (len(vector) // 3 // 2)
    out = list(vector)
    for axis, position in enumerate(place):
        part = vector[axis * count : (axis + 1) * count]
        for channel, value in enumerate(part):
            angle = position * 10000.0 ** -((channel % (count // 2)) / (count / 2))
            partner = -part[channel + 1] if channel % 2 == 0 else part[channel - 1]
            out[axis * count + channel] = value * math.cos(angle) + partner * math.sin(angle)
    return out


@pytest.mark.parametrize('width', [6, 16, 64, 80])
def test_rotation_equals_its_definition_at_every_place(width: int) -> None:
    torch.manual_seed(0)
    grid = (3, 2, 5)
    ids = torch.tensor([[0, 29, 7], [12, 4, 21]])
    x = torch.randn(2, 4, 3, width)
    found = rotate(x, grid_rotation(ids, grid, width))
    for sample, head, token in ((0, 0, 1), (1, 3, 0), (1, 2, 2)):
        number = int(ids[sample, token])
        place = (number // 10, number % 10 // 5, number % 5)
        expected = torch.tensor(written_out(x[sample, head, token].tolist(), place))
        torch.testing.assert_close(found[sample, head, token], expected)


def test_the_first_token_and_the_remaining_channels_are_not_rotated() -> None:
    x = torch.randn(1, 1, 2, 64)
    found = rotate(x, grid_rotation(torch.tensor([[0, 5]]), (2, 2, 2), 64))
    assert torch.equal(found[:, :, 0], x[:, :, 0])
    assert torch.equal(found[..., 60:], x[..., 60:])
    assert not torch.equal(found[:, :, 1, :20], x[:, :, 1, :20])


def test_the_type_of_queries_is_kept_and_rotations_of_the_last_tokens_agree() -> None:
    rotation = grid_rotation(torch.arange(8)[None], (2, 2, 2), 16)
    x = torch.randn(3, 2, 8, 16, dtype=torch.bfloat16)
    assert rotate(x, rotation).dtype is torch.bfloat16
    assert torch.equal(rotate(x[:, :, -3:], rotation.last(3)), rotate(x, rotation)[:, :, -3:])


@pytest.mark.parametrize('width', [4, 15])
def test_heads_that_cannot_be_rotated_are_refused(width: int) -> None:
    with pytest.raises(ValueError, match=f'even head width of 6 or more, got {width}'):
        grid_rotation(torch.zeros(1, 1, dtype=torch.long), (1, 1, 1), width)
