"""Contract: LoRA changes q, k or v by a product of low rank, trains nothing else, and merges."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mmvideomae.models.backbones import VideoMAEViT
from mmvideomae.models.layers.low_rank import LoRA, merge_low_rank
from mmvideomae.models.layers.transformer import Attention
from mmvideomae.registry import MODELS
from tests.support.models import tiny_vit

CLIPS = torch.randn(2, 3, 4, 32, 32, generator=torch.Generator().manual_seed(0))


def backbone(peft: dict | None, out_type: str = 'tokens') -> VideoMAEViT:
    torch.manual_seed(0)
    return MODELS.build({**tiny_vit(out_type), 'peft': peft})


def drawn(model: nn.Module) -> nn.Module:
    """The model with values in all that learns."""
    for values in model.parameters():
        if values.requires_grad:
            nn.init.normal_(values, std=0.2)
    return model


@pytest.mark.parametrize('alpha', [None, 4.0])
def test_the_attention_is_that_of_the_paper(alpha: float | None) -> None:
    torch.manual_seed(0)
    attention = Attention(8, 2)
    nn.init.normal_(attention.q_bias)
    holder = nn.ModuleList([attention])
    LoRA(rank=2, alpha=alpha, parts=('q', 'v')).add_to(holder)
    change = attention.low_rank
    assert change.a['q'].shape == (2, 8) and change.b['v'].shape == (8, 2)
    drawn(change)
    x = torch.randn(3, 5, 8)
    scale = (alpha or 2) / 2
    q, k, v = F.linear(x, attention.qkv.weight).chunk(3, -1)
    q = q + attention.q_bias + scale * (x @ change.a['q'].T) @ change.b['q'].T
    v = v + attention.v_bias + scale * (x @ change.a['v'].T) @ change.b['v'].T
    heads = [part.unflatten(2, (2, 4)).transpose(1, 2) for part in (q, k, v)]
    scores = heads[0] @ heads[1].transpose(2, 3) / 2
    wanted = attention.proj((scores.softmax(-1) @ heads[2]).transpose(1, 2).flatten(2))
    torch.testing.assert_close(attention(x), wanted)
    torch.testing.assert_close(attention(x, num_queries=2), wanted[:, -2:])


def test_the_output_does_not_change_at_first() -> None:
    plain, tuned = backbone(None), backbone({'type': 'LoRA', 'parts': ('q', 'k', 'v')})
    torch.testing.assert_close(tuned(CLIPS), plain(CLIPS))
    for change in (block.attn.low_rank for block in tuned.blocks):
        assert all(not values.any() for values in change.b.values())
        # Kaiming's uniform distribution with a = sqrt(5) has the bound 1 / sqrt(D).
        assert 0 < change.a['q'].abs().max() <= 32**-0.5


@pytest.mark.parametrize('peft', [
    {'type': 'LoRA'}, {'type': 'STAdapter'}, {'type': 'AIM'}, {'type': 'AdaptFormer'},
])  # fmt: skip
def test_nothing_but_what_is_added_learns(peft: dict[str, str]) -> None:
    plain, tuned = backbone(None, 'avg'), backbone(peft, 'avg')
    known = {name for name, _ in plain.named_parameters()}
    for name, values in tuned.named_parameters():
        assert values.requires_grad == (name not in known or name.startswith('fc_norm.')), name
    assert known < {name for name, _ in tuned.named_parameters()}


def test_merging_keeps_the_output() -> None:
    tuned = drawn(backbone({'type': 'LoRA', 'rank': 3, 'alpha': 6}))
    before = tuned(CLIPS)
    assert not torch.allclose(before, backbone(None)(CLIPS), atol=1e-3)
    merge_low_rank(tuned)
    torch.testing.assert_close(tuned(CLIPS), before, atol=1e-5, rtol=1e-5)
    assert tuned.state_dict().keys() == backbone(None).state_dict().keys()


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValueError, match='parts q, k and v'):
        LoRA(parts=('qv',))
    with pytest.raises(ValueError, match='Linear has no attention'):
        LoRA().add_to(nn.Linear(2, 2))
