"""With the same weights, predictions and loss equal Hugging Face's VideoMAE to 1e-5 relative."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from mmvideomae.analysis.hf_reference import build_reference, reference_config
from mmvideomae.models.pretrainers import VideoMAE
from mmvideomae.registry import MODELS
from tests.support.models import tiny_videomae
from tests.support.weights import randomise

pytest.importorskip('transformers', minversion='5.0')

BASE = Path(__file__).parents[3] / 'configs' / '_base_' / 'models' / 'videomae_vit-base-p16.py'


def random_model(cfg: dict[str, Any]) -> VideoMAE:
    model = MODELS.build(cfg).eval()
    randomise(model)
    return model


def tube(batch: int, slots: int, places: int, hidden: int) -> torch.Tensor:
    """(B, slots * places) masks, another tube for each clip."""
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randperm(places, generator=generator) < hidden for _ in range(batch)]
    return torch.stack([row.repeat(slots) for row in rows])


def assert_same(model: VideoMAE, clips: torch.Tensor, mask: torch.Tensor, attention: str) -> None:
    reference = build_reference(model, attention)
    with torch.no_grad():
        ours = model.reconstruct(clips, mask)
        theirs = reference(clips.transpose(1, 2), bool_masked_pos=mask)
    scale = theirs.logits.abs().max()
    assert (ours.pred - theirs.logits).abs().max() < 1e-5 * scale
    assert abs(ours.loss - theirs.loss) < 1e-5 * theirs.loss


@pytest.mark.parametrize('attention', ['eager', 'sdpa'])
def test_tiny_model_agrees(attention: str) -> None:
    clips = torch.randn(3, 3, 4, 32, 32, generator=torch.Generator().manual_seed(2))
    assert_same(random_model(tiny_videomae()), clips, tube(3, 2, 16, 12), attention)


@pytest.mark.slow
def test_base_model_agrees() -> None:
    model = random_model(Config.fromfile(BASE).model)
    clips = torch.randn(1, 3, 16, 224, 224, generator=torch.Generator().manual_seed(2))
    assert_same(model, clips, tube(1, 8, 196, 176), 'sdpa')


def test_gradients_agree() -> None:
    model = random_model(tiny_videomae())
    clips = torch.randn(2, 3, 4, 32, 32, generator=torch.Generator().manual_seed(2))
    mask = tube(2, 2, 16, 12)
    reference = build_reference(model, 'eager')
    model.reconstruct(clips, mask).loss.backward()
    reference(clips.transpose(1, 2), bool_masked_pos=mask).loss.backward()
    ours = dict(model.named_parameters())
    theirs = dict(reference.named_parameters())
    encoder = 'videomae.encoder.layer.0.attention.attention.'
    decoder = 'decoder.decoder_layers.1.attention.attention.'
    embed = 'videomae.embeddings.patch_embeddings.'
    pairs = {
        'backbone.patch_embed.proj.weight': embed + 'projection.weight',
        'backbone.blocks.0.attn.q_bias': encoder + 'query.bias',
        'neck.mask_token': 'mask_token',
        'neck.blocks.1.attn.v_bias': decoder + 'value.bias',
        'head.proj.bias': 'decoder.head.bias',
    }
    for name, their_name in pairs.items():
        expected = theirs[their_name].grad
        difference = (ours[name].grad - expected).abs().max()
        assert difference < 1e-5 * expected.abs().max(), name


def test_every_weight_matters() -> None:
    """Changing any one parameter breaks the agreement tenfold, so each was compared."""
    model = random_model(tiny_videomae())
    clips = torch.randn(1, 3, 4, 32, 32, generator=torch.Generator().manual_seed(2))
    mask = tube(1, 2, 16, 12)
    reference = build_reference(model, 'eager')
    with torch.no_grad():
        expected = model.reconstruct(clips, mask).pred
        for name, param in reference.named_parameters():
            kept = param.clone()
            param.add_(torch.randn(param.shape, generator=torch.Generator().manual_seed(3)))
            changed = reference(clips.transpose(1, 2), bool_masked_pos=mask).logits
            param.copy_(kept)
            assert (changed - expected).abs().max() > 1e-4 * expected.abs().max(), name


def test_what_the_reference_cannot_do_is_refused() -> None:
    with pytest.raises(ValueError, match="'none', 'mse'"):
        reference_config(MODELS.build(tiny_videomae(normalise='none')))
