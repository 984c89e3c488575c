"""Contract: the drawn attention is that of the last block, from all tokens to each."""

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from mmvideomae.registry import MODELS
from mmvideomae.visualization.attention import draw_attention, received_attention
from tests.support.models import tiny_recognizer, tiny_videomae


@pytest.fixture
def model() -> torch.nn.Module:
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        return MODELS.build(tiny_videomae()).eval()


def test_it_is_the_mean_of_what_the_last_block_computes(model: torch.nn.Module) -> None:
    clips = torch.randn(1, 3, 4, 32, 32)
    received = received_attention(model, clips)
    assert received.shape == (2, 4, 4) and received.mean() == pytest.approx(1, abs=1e-4)
    last = model.backbone.blocks[-1]
    with torch.no_grad():
        tokens = last.norm1(model.backbone.blocks[0](model.backbone.embed(clips)))
        weights = last.attn.attention_of(tokens)
        values = last.attn._project(tokens, None)[2]
        attended = last.attn.proj((weights @ values).transpose(1, 2).flatten(2))
        torch.testing.assert_close(attended, last.attn(tokens))
    expected = 32 * weights[0].mean((0, 1)).reshape(2, 4, 4)
    np.testing.assert_allclose(received, expected.numpy(), rtol=1e-5)
    assert not last.attn._forward_pre_hooks


def test_models_without_joint_attention_have_none(model: torch.nn.Module) -> None:
    assert received_attention(torch.nn.Linear(2, 2), torch.zeros(1, 3, 4, 32, 32)) is None
    codes = torch.zeros(1, 2, 4, 4, dtype=torch.int64)
    assert received_attention(model, codes) is None
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        recognizer = MODELS.build(tiny_recognizer())
    assert received_attention(recognizer, torch.zeros(1, 3, 4, 32, 32)).shape == (2, 4, 4)


def test_bright_patches_receive_the_most() -> None:
    clip = np.full((4, 32, 32, 3), 100, np.uint8)
    received = np.full((2, 4, 4), 0.1, np.float32)
    received[1, 0, 0] = 5
    picture = draw_attention(clip, received, [0, 1, 2, 3], 'epoch 1', 4)
    plain = draw_attention(clip, np.full_like(received, 0.1), [0, 1, 2, 3], 'epoch 1', 4)
    assert picture.shape == plain.shape
    brighter = picture.astype(int).sum(-1) != plain.astype(int).sum(-1)
    assert brighter.any()
