"""The decoder answers in the order of its queries and is initialized like the released code."""

import torch

from mmvideomae.models import MAEDecoder


def decoder() -> MAEDecoder:
    return MAEDecoder(32, 16, depth=2, num_heads=2, grid_size=(2, 4, 4)).eval()


def test_answers_follow_their_questions() -> None:
    neck = decoder()
    tokens = torch.randn(1, 3, 32)
    visible = torch.tensor([[1, 8, 20]])
    asked = torch.tensor([[0, 5, 9, 31]])
    answers = neck(tokens, visible, asked)
    assert answers.shape == (1, 4, 16)
    order = [2, 0, 3, 1]
    torch.testing.assert_close(neck(tokens, visible, asked[:, order]), answers[:, order])


def test_a_seen_position_may_be_asked_for_again() -> None:
    tokens, visible = torch.randn(1, 2, 32), torch.tensor([[3, 4]])
    assert decoder()(tokens, visible, torch.tensor([[3, 10]])).isfinite().all()


def test_initial_values() -> None:
    neck = decoder()
    assert neck.embed.bias is None
    assert 0 < neck.mask_token.abs().max() <= 0.02
    assert 'pos_embed' not in neck.state_dict()


def test_another_grid_takes_its_own_positions() -> None:
    neck = decoder()
    tokens, visible, asked = torch.randn(1, 1, 32), torch.tensor([[0]]), torch.tensor([[50]])
    assert neck(tokens, visible, asked, grid=(4, 4, 4)).shape == (1, 1, 16)
