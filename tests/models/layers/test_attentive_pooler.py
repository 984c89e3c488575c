"""The attentive pooler equals its written-out mathematics and that of transformers."""

import pytest
import torch
from torch import Tensor

from mmvideomae.models.layers import AttentivePooler


def random_pooler(**options: int) -> AttentivePooler:
    pooler = AttentivePooler(24, num_heads=3, **options).double()
    for parameter in pooler.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return pooler


def attended(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Attention of (B, Q, D) to (B, N, D), head by head."""
    found = []
    for rows in torch.arange(q.shape[2]).chunk(heads):
        scores = q[..., rows] @ k[..., rows].transpose(1, 2) / len(rows) ** 0.5
        found.append(scores.softmax(-1) @ v[..., rows])
    return torch.cat(found, -1)


def test_the_query_attends_to_normalised_tokens_without_an_output_layer() -> None:
    pooler, x = random_pooler(depth=1), torch.randn(2, 7, 24, dtype=torch.float64)
    cross, normed = pooler.cross, pooler.cross.norm1(x)
    key, value = (normed @ cross.kv.weight.T + cross.kv.bias).split(24, -1)
    query = pooler.query.expand(2, -1, -1)
    out = query + attended(cross.q(query), key, value, 3)
    out = out + cross.mlp(cross.norm2(out))
    torch.testing.assert_close(pooler(x), out[:, 0])


def test_self_attention_precedes_the_query() -> None:
    pooler, x = random_pooler(depth=3), torch.randn(2, 7, 24, dtype=torch.float64)
    assert len(pooler.blocks) == 2
    tokens = x
    for block in pooler.blocks:
        query, key, value = block.attn.qkv(block.norm1(tokens)).split(24, -1)
        tokens = tokens + block.attn.proj(attended(query, key, value, 3))
        tokens = tokens + block.mlp(block.norm2(tokens))
    expected = pooler.cross(pooler.query.expand(2, -1, -1), tokens)[:, 0]
    torch.testing.assert_close(pooler(x), expected)


def test_the_order_of_tokens_does_not_matter_and_their_number_is_free() -> None:
    pooler, x = random_pooler(depth=2), torch.randn(1, 9, 24, dtype=torch.float64)
    torch.testing.assert_close(pooler(x[:, torch.randperm(9)]), pooler(x))
    assert pooler(x[:, :2]).shape == (1, 24)


def test_checkpointing_gives_the_same_gradients() -> None:
    plain, saving = random_pooler(depth=3), random_pooler(depth=3, with_cp=True)
    saving.load_state_dict(plain.state_dict())
    x = torch.randn(2, 5, 24, dtype=torch.float64)
    for pooler in (plain, saving):
        pooler(x).square().sum().backward()
    for first, second in zip(plain.parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(first.grad, second.grad)


def test_initial_residuals_shrink_with_depth() -> None:
    torch.manual_seed(0)
    pooler = AttentivePooler(192, num_heads=3)
    deviations = [block.mlp.fc2.weight.std().item() for block in (pooler.cross, *pooler.blocks)]
    expected = [0.02 / (2 * number) ** 0.5 for number in (1, 2, 3, 4)]
    assert deviations == pytest.approx(expected, rel=0.05)
    assert pooler.query.std().item() == pytest.approx(0.02, rel=0.2)
    norms = [part for part in pooler.modules() if isinstance(part, torch.nn.LayerNorm)]
    assert {norm.eps for norm in norms} == {1e-5}


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match='at least one block, not 0'):
        AttentivePooler(24, depth=0)
    with pytest.raises(ValueError, match='a width of 24 does not divide into 16 heads'):
        AttentivePooler(24, depth=1)


def test_pooler_equals_that_of_hugging_face() -> None:
    transformers = pytest.importorskip('transformers', minversion='5.0')
    from transformers.models.vjepa2 import modeling_vjepa2

    torch.manual_seed(0)
    config = transformers.VJEPA2Config(hidden_size=32, num_attention_heads=4, num_pooler_layers=2)
    config._attn_implementation = 'eager'
    theirs = modeling_vjepa2.VJEPA2AttentivePooler(config).eval()
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    ours = AttentivePooler(32, depth=3, num_heads=4, norm_eps=config.layer_norm_eps)
    given = theirs.state_dict()
    state = {'query': given['query_tokens']}
    for key in ('norm1', 'norm2', 'mlp.fc1', 'mlp.fc2'):
        name = key.replace('norm', 'layer_norm')
        for leaf in ('weight', 'bias'):
            state[f'cross.{key}.{leaf}'] = given[f'cross_attention_layer.{name}.{leaf}']
            for number in range(2):
                place = f'self_attention_layers.{number}'
                state[f'blocks.{number}.{key}.{leaf}'] = given[f'{place}.{name}.{leaf}']
    for leaf in ('weight', 'bias'):
        q, k, v = (given[f'cross_attention_layer.cross_attn.{part}_proj.{leaf}'] for part in 'qkv')
        state[f'cross.q.{leaf}'], state[f'cross.kv.{leaf}'] = q, torch.cat([k, v])
        for number in range(2):
            place = f'self_attention_layers.{number}.self_attn'
            parts = [given[f'{place}.{part}_proj.{leaf}'] for part in 'qkv']
            state[f'blocks.{number}.attn.qkv.{leaf}'] = torch.cat(parts)
            state[f'blocks.{number}.attn.proj.{leaf}'] = given[f'{place}.out_proj.{leaf}']
    ours.load_state_dict(state)
    x = torch.randn(3, 11, 32)
    with torch.no_grad():
        expected = theirs(x)
        assert (ours(x) - expected).abs().max() < 1e-5 * expected.abs().max()
