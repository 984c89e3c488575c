"""Contract: hidden codes, their true values, and the queries; never padding."""

import pytest
import torch

from mmvideomae.models.targets import CodeTarget

PAD, MASK = 17, 20


@pytest.fixture
def target() -> CodeTarget:
    return CodeTarget(1, 8, num_codes=16)


def test_hides_what_is_masked_and_no_padding(target: CodeTarget) -> None:
    codes = torch.tensor([[[[3, 4], [5, 6]], [[PAD, PAD], [PAD, PAD]]]])
    mask = torch.tensor([[True, False, False, True, True, False, False, False]])
    assert target.asked(codes, mask).tolist() == [[1, 0, 0, 1, 0, 0, 0, 0]]
    hidden = target.hide(codes, mask)
    assert hidden[0, 0].tolist() == [[MASK, 4], [5, MASK]]
    assert (hidden[0, 1] == PAD).all()


def test_noise_stands_at_hidden_places_only(target: CodeTarget) -> None:
    codes = torch.tensor([[[[3, 4], [5, 6]]]])
    ids = torch.tensor([[-1, -2, 9, 9]])
    hidden = target.hide(codes, torch.tensor([[True, True, True, False]]), ids)
    assert hidden.flatten().tolist() == [MASK, 4, 9, 6]


def test_answers_are_the_codes_under_whatever_stands_there(target: CodeTarget) -> None:
    codes = torch.arange(8).reshape(2, 1, 2, 2)
    assert target(codes, torch.tensor([1, 6])).tolist() == [1, 6]
    assert target(codes, torch.tensor([[0, 3], [1, 2]])).tolist() == [[0, 3], [5, 6]]


def test_counts_tokens_as_frames_and_pixels(target: CodeTarget) -> None:
    assert target.grid(5, 128, 64) == (5, 16, 8)
    assert target.dims == 21


def test_a_mask_of_another_grid_is_refused_in_one_line(target: CodeTarget) -> None:
    with pytest.raises(ValueError, match=r'shape \(1, 9\) does not fit 1 clips of 2x2x2 codes'):
        target.hide(torch.zeros(1, 2, 2, 2, dtype=torch.int64), torch.ones(1, 9, dtype=torch.bool))
