"""A block equals its written-out mathematics for any selection of tokens."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mmvideomae.models.layers import Attention, Block, init_transformer


def randomise(module: torch.nn.Module) -> None:
    """Give every parameter, biases included, a value that a mistake would change."""
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)


def written_out(attention: Attention, x: Tensor) -> Tensor:
    """Attention head by head, with a bias on queries and values only."""
    width = x.shape[-1]
    query, key, value = attention.qkv.weight.split(width)
    size = width // attention.num_heads
    heads = []
    for head in range(attention.num_heads):
        rows = slice(head * size, (head + 1) * size)
        q = x @ query[rows].T + attention.q_bias[rows]
        v = x @ value[rows].T + attention.v_bias[rows]
        scores = q @ (x @ key[rows].T).transpose(1, 2) / size**0.5
        heads.append(scores.softmax(-1) @ v)
    return attention.proj(torch.cat(heads, -1))


def test_attention_equals_its_definition() -> None:
    attention = Attention(24, 3).double()
    randomise(attention)
    x = torch.randn(2, 7, 24, dtype=torch.float64)
    torch.testing.assert_close(attention(x), written_out(attention, x))


@pytest.mark.parametrize('qkv_bias', [True, False])
@pytest.mark.parametrize('init_values', [0.0, 0.1])
def test_asking_for_the_last_tokens_changes_none_of_them(
    qkv_bias: bool, init_values: float
) -> None:
    block = Block(16, 2, qkv_bias=qkv_bias, init_values=init_values).double()
    randomise(block)
    x = torch.randn(2, 9, 16, dtype=torch.float64)
    torch.testing.assert_close(block(x, num_queries=4), block(x)[:, -4:])


def test_checkpointing_gives_the_same_gradients() -> None:
    torch.manual_seed(0)
    plain = Block(16, 2, drop_path_rate=0.5)
    randomise(plain)
    saving = Block(16, 2, drop_path_rate=0.5, with_cp=True)
    saving.load_state_dict(plain.state_dict())
    x = torch.randn(4, 6, 16)
    for block in (plain, saving):
        torch.manual_seed(1)
        block(x, 3).square().sum().backward()
    for first, second in zip(plain.parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(first.grad, second.grad)


def test_layer_scale_multiplies_each_branch() -> None:
    block = Block(16, 2, init_values=0.1)
    assert torch.all(block.gamma_1 == 0.1)
    assert Block(16, 2).gamma_1 is None
    with torch.no_grad():
        block.gamma_1.zero_()
        block.gamma_2.zero_()
    x = torch.randn(1, 3, 16)
    assert torch.equal(block(x), x)


def test_initialisation_schemes() -> None:
    linear = torch.nn.Linear(64, 32)
    init_transformer(linear, 'xavier')
    bound = (6 / (64 + 32)) ** 0.5
    assert linear.weight.abs().max() <= bound
    assert linear.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
    init_transformer(linear, 'trunc_normal')
    assert linear.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert not linear.bias.any()
    with pytest.raises(ValueError, match='kaiming'):
        init_transformer(linear, 'kaiming')


def test_a_width_that_does_not_divide_into_heads_is_refused() -> None:
    with pytest.raises(ValueError, match='width of 10'):
        Attention(10, 3)


def test_mlp_hidden_width_is_rounded_down_as_in_the_giant() -> None:
    assert Block(512, 8, mlp_ratio=48 / 11).mlp.fc1.out_features == 2234
    assert F.gelu(torch.tensor(1.0)) == Block(16, 2).mlp.act(torch.tensor(1.0))
