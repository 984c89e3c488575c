"""Contract: queries attend to the encoder's tokens and to nothing else."""

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import Tensor

from mmvideomae.models.necks import CrossAttentionDecoder
from mmvideomae.ops.positions import sinusoid_table
from mmvideomae.registry import MODELS
from tests.support.models import GRID, tiny_videomae
from tests.support.weights import randomise

SEEN, ASKED = torch.tensor([[0, 9, 20]]), torch.tensor([[1, 5, 8, 31]])


def build() -> CrossAttentionDecoder:
    decoder = CrossAttentionDecoder(32, 16, depth=2, num_heads=2, grid_size=GRID)
    randomise(decoder)
    return decoder


def test_equals_a_restatement() -> None:
    decoder, tokens = build(), torch.randn(1, 3, 32)
    x = decoder.mask_token[0] + sinusoid_table(32, 16)[ASKED[0]]
    for block in decoder.blocks:
        q, (k, v) = block.q(block.norm1(x)), block.kv(tokens[0]).chunk(2, 1)
        heads: list[Tensor] = []
        for part in (slice(8), slice(8, 16)):
            weights = (q[:, part] @ k[:, part].T / 8**0.5).softmax(1)
            heads.append(weights @ v[:, part])
        x = x + block.proj(torch.cat(heads, 1))
        x = x + block.mlp.fc2(torch.nn.functional.gelu(block.mlp.fc1(block.norm2(x))))
    found = decoder(tokens, SEEN, ASKED)
    torch.testing.assert_close(found[0], decoder.norm(x))
    alone = decoder(tokens, SEEN, ASKED[:, [2]])
    torch.testing.assert_close(alone, found[:, [2]])


def test_other_grids_have_their_own_positions() -> None:
    decoder, tokens = build(), torch.randn(1, 3, 32)
    longer = decoder(tokens, SEEN, ASKED, (3, 4, 4))
    torch.testing.assert_close(longer, decoder(tokens, SEEN, ASKED, GRID))
    assert not torch.allclose(decoder(tokens, SEEN, ASKED, (2, 8, 8)), longer)


def test_takes_the_place_of_the_decoder_of_videomae() -> None:
    config = tiny_videomae()
    config['neck'] = {**config['neck'], 'type': 'CrossAttentionDecoder'}
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        model = MODELS.build(config)
    mask = torch.zeros(2, 32, dtype=torch.bool)
    mask[:, 8:] = True
    loss = model(torch.randn(2, 3, 4, 32, 32), mask, mode='loss')['loss']
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize('options', [{'depth': 0}, {'num_heads': 3}])
def test_refuses_impossible_shapes(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r'at least one block|does not divide into 3 heads'):
        CrossAttentionDecoder(32, 16, **{'depth': 1, 'num_heads': 2, **options})
