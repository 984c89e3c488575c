"""Contract: every frame gets the tokens that timm's model gives it."""

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from mmengine.registry import DefaultScope

from mmvideomae.models import TimmFrameBackbone
from mmvideomae.registry import MODELS, TARGETS
from tests.support.weights import randomise

NAME = 'vit_tiny_patch16_224.augreg_in21k'
CLIPS = torch.randn(2, 3, 2, 32, 32, generator=torch.Generator().manual_seed(0))


def build(**options: Any) -> TimmFrameBackbone:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        config = {'type': 'TimmFrameBackbone', 'name': NAME, 'img_size': 32, **options}
        return MODELS.build(config).eval()


@torch.no_grad()
def test_tokens_are_those_of_the_frames() -> None:
    backbone = build()
    randomise(backbone)
    found = backbone(CLIPS)
    assert found.shape == (2, 2 * 4, 192)
    for clip, tokens in zip(CLIPS, found, strict=True):
        frames = [backbone.model.forward_features(clip[None, :, t])[0, 1:] for t in range(2)]
        torch.testing.assert_close(tokens, torch.cat(frames), rtol=1e-5, atol=1e-5)


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    model = timm.create_model(NAME, img_size=32, num_classes=0)
    randomise(model, 3)
    torch.save(model.state_dict(), tmp_path / 'weights.pth')
    source = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'weights.pth')}
    backbone = build(init_cfg=source, frozen=True)
    backbone.init_weights()
    expected = model.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in backbone.model.state_dict().items())
    assert not backbone.train().model.training
    assert not any(p.requires_grad for p in backbone.parameters())


@torch.no_grad()
def test_is_a_teacher_by_its_blocks_and_by_its_attention() -> None:
    """Class tokens of hidden layers are left out; attention is that of the class token."""
    teacher = {'type': 'TimmFrameBackbone', 'name': NAME, 'img_size': 32}
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        target = TARGETS.build(
            {
                'type': 'LatentTarget',
                'teacher': teacher,
                'layers': (-1,),
                'through': ('model.norm',),
                'normalise': 'none',
                'tubelet_size': 1,
                'patch_size': 16,
            }
        )
    randomise(target.network)
    features, attention = target.look(CLIPS, lambda values: values)
    torch.testing.assert_close(features, target.network(CLIPS), rtol=1e-4, atol=1e-4)
    model, frame = target.network.model, CLIPS[1, :, 1][None]
    x = model.patch_embed(frame)
    x = model._pos_embed(x)
    for block in model.blocks[:-1]:
        x = block(x)
    block = model.blocks[-1]
    q, k, _ = block.attn.qkv(block.norm1(x))[0].reshape(5, 3, 3, 64).unbind(1)
    weights = (torch.einsum('hd,nhd->hn', q[0], k) / 8).softmax(1).mean(0)
    torch.testing.assert_close(attention[1, 4:], weights[1:], rtol=1e-4, atol=1e-6)


def test_refuses_other_models_and_two_sources() -> None:
    with pytest.raises(ValueError, match='is not a vision transformer'):
        build(name='resnet18', img_size=None)
    with pytest.raises(ValueError, match='either init_cfg or pretrained'):
        build(init_cfg={'type': 'Pretrained', 'checkpoint': 'w.pth'}, pretrained=True)


@torch.no_grad()
def test_frames_are_pooled_as_timm_does() -> None:
    """DINO's by the class token; frames go through the model in parts."""
    for name in ('vit_small_patch16_224.dino', 'vit_base_patch32_clip_224.openai'):
        size = {'embed_dim': 48, 'depth': 1, 'num_heads': 3}
        options = {'name': name, 'options': size, 'pretrained': False}
        backbone = build(**options, out_type='frames', frames_at_once=3)
        randomise(backbone)
        found = backbone(CLIPS)
        for clip, vectors in zip(CLIPS, found, strict=True):
            expected = backbone.model(clip.transpose(0, 1))
            torch.testing.assert_close(vectors, expected, rtol=1e-4, atol=1e-4)
        average = build(**options, out_type='avg')
        average.load_state_dict(backbone.state_dict())
        torch.testing.assert_close(average(CLIPS), found.mean(1), rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="unknown out_type 'cls'"):
        build(out_type='cls')
    with pytest.raises(ValueError, match='takes 32x32 pixels, but clips have 48x32'):
        build()(torch.zeros(1, 3, 2, 48, 32))


def test_frames_are_prepared_as_timm_says() -> None:
    own = build(name='vit_base_patch32_clip_224.openai', img_size=None).preprocessing
    assert (own.size, own.short_side, own.interpolation) == (224, 248, 'bicubic')
    assert own.mean == pytest.approx((122.771, 116.746, 104.094), abs=1e-3)
    assert build().preprocessing.short_side == 35  # 32 / 0.9


def test_random_weights_have_to_be_asked_for() -> None:
    with pytest.raises(ValueError, match='pretrained=False for random weights'):
        build().init_weights()
    backbone = build(pretrained=False)
    before = backbone.model.cls_token.clone()
    backbone.init_weights()
    assert torch.equal(backbone.model.cls_token, before)
