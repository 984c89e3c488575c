"""Tokens are those of transformers, and frames are prepared as its processors say."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine import Config
from mmengine.registry import DefaultScope
from torch import nn

from mmvideomae.apis import init_model
from mmvideomae.checkpoints import fit, load
from mmvideomae.models import HFVideoBackbone
from mmvideomae.registry import MODELS
from tests.support.weights import randomise

transformers = pytest.importorskip('transformers', minversion='5.0')
SIZES = {'hidden_size': 32, 'num_hidden_layers': 2, 'num_attention_heads': 2}
MORE = {'intermediate_size': 64, 'image_size': 32, 'patch_size': 8, 'num_frames': 4}
SOURCES = {
    'vjepa2': {'model_type': 'vjepa2', 'crop_size': 32, 'patch_size': 8, 'frames_per_clip': 4}
    | SIZES,
    'videomae': {'model_type': 'videomae'} | SIZES | MORE,
    'timesformer': {'model_type': 'timesformer'} | SIZES | MORE,
}
CLIPS = torch.randn(2, 3, 4, 32, 32, generator=torch.Generator().manual_seed(0))


def drawn(kind: str, **options: Any) -> HFVideoBackbone:
    backbone = HFVideoBackbone(SOURCES[kind], pretrained=False, **options)
    randomise(backbone)
    return backbone.eval()


def saved(kind: str, folder: Path, **processor: Any) -> nn.Module:
    """A model of transformers and its processor in a folder."""
    model = drawn(kind).model
    model.save_pretrained(folder)
    if kind == 'vjepa2':
        transformers.VJEPA2VideoProcessor(crop_size=32, **processor).save_pretrained(folder)
    else:
        options = {'size': {'shortest_edge': 40}, 'crop_size': {'height': 32, 'width': 32}}
        transformers.VideoMAEImageProcessor(**options | processor).save_pretrained(folder)
    return model


@torch.no_grad()
@pytest.mark.parametrize('kind', SOURCES)
def test_tokens_are_those_of_transformers(kind: str, tmp_path: Path) -> None:
    model = saved(kind, tmp_path)
    backbone = HFVideoBackbone(str(tmp_path)).eval()
    assert not torch.equal(next(backbone.parameters()), next(model.parameters()))
    backbone.init_weights()
    if kind == 'vjepa2':
        expected = model(CLIPS.transpose(1, 2), skip_predictor=True).last_hidden_state
    else:
        expected = model(CLIPS.transpose(1, 2)).last_hidden_state
    torch.testing.assert_close(backbone(CLIPS), expected, atol=1e-4, rtol=1e-4)
    pooled = HFVideoBackbone(str(tmp_path), out_type='avg').eval()
    pooled.init_weights()
    torch.testing.assert_close(pooled(CLIPS), expected.mean(1), atol=1e-4, rtol=1e-4)
    assert backbone.embed_dims == expected.shape[2] and backbone.num_frames == 4


def test_frames_are_prepared_as_the_processor_says(tmp_path: Path) -> None:
    saved('videomae', tmp_path, image_mean=[0.1, 0.2, 0.3], image_std=[0.5, 0.25, 1], resample=3)
    own = HFVideoBackbone(str(tmp_path)).preprocessing
    assert (own.size, own.short_side, own.interpolation) == (32, 40, 'bicubic')
    assert own.mean == pytest.approx((25.5, 51, 76.5)) and own.std == pytest.approx(
        (127.5, 63.75, 255)
    )
    # V-JEPA 2's crop is 7/8 of the short side, whatever the size.
    own = drawn('vjepa2').preprocessing
    assert (own.size, own.short_side, own.interpolation) == (32, 36, 'bilinear')
    assert own.mean == pytest.approx((123.675, 116.28, 103.53))


def test_what_cannot_be_loaded_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='pretrained=False for random weights'):
        HFVideoBackbone(SOURCES['videomae'])
    with pytest.raises(ValueError, match=r'transformers cannot load .*nothing'):
        HFVideoBackbone(str(tmp_path / 'nothing'))
    drawn('videomae').model.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r'does not say image_mean.*processor=dict'):
        HFVideoBackbone(str(tmp_path))
    told = {'image_mean': [0.5] * 3, 'image_std': [0.5] * 3, 'size': 32}
    assert HFVideoBackbone(str(tmp_path), processor=told).preprocessing.short_side == 32
    (tmp_path / 'model.safetensors').unlink()
    with pytest.raises(ValueError, match='transformers cannot load'):
        HFVideoBackbone(str(tmp_path), processor=told).init_weights()
    with pytest.raises(ValueError, match='vit is not a video encoder'):
        HFVideoBackbone({'model_type': 'vit', **SIZES}, pretrained=False)
    with pytest.raises(ValueError, match="out_type must be 'tokens' or 'avg'"):
        drawn('videomae', out_type='cls')


def test_clips_of_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match='takes 32x32 pixels, but clips have 48x32'):
        drawn('vjepa2')(torch.zeros(1, 3, 4, 48, 32))
    with pytest.raises(ValueError, match='videomae takes 4 frames, not 8'):
        drawn('videomae')(torch.zeros(1, 3, 8, 32, 32))
    assert drawn('vjepa2')(torch.zeros(1, 3, 8, 32, 32)).shape == (1, 4 * 16, 32)


def recognizer(**preprocessor: Any) -> dict[str, Any]:
    return {
        'type': 'Recognizer3D',
        'backbone': {
            'type': 'HFVideoBackbone',
            'source': SOURCES['videomae'],
            'pretrained': False,
            'processor': {'image_mean': [0.1, 0.2, 0.3]},
            'frozen': True,
        },
        'cls_head': {'type': 'AttentiveHead', 'num_classes': 3, 'depth': 1, 'num_heads': 4},
        'data_preprocessor': {'type': 'ClassificationDataPreprocessor', **preprocessor},
    }


def test_a_recognizer_normalises_as_the_encoder_and_refuses_other_values() -> None:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        model = MODELS.build(recognizer())
        assert model.data_preprocessor.mean.flatten().tolist() == pytest.approx([25.5, 51, 76.5])
        MODELS.build(recognizer(mean=[25.5, 51, 76.5]))
        with pytest.raises(ValueError, match=r'mean=.* contradicts the encoder'):
            MODELS.build(recognizer(mean=[123.675, 116.28, 103.53]))
    before = {key: value.clone() for key, value in model.backbone.state_dict().items()}
    model.init_weights()
    after = model.backbone.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert not model.train().backbone.model.training
    assert not any(param.requires_grad for param in model.backbone.parameters())


def test_own_checkpoints_of_such_recognizers_load(tmp_path: Path) -> None:
    """Their names are those of transformers, but within our model."""
    model = init_model(Config({'model': recognizer()}), device='cpu')
    randomise(model)
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'epoch_1.pth')
    done = load(tmp_path / 'epoch_1.pth')
    assert done.format == 'ours'
    other = init_model(Config({'model': recognizer()}), tmp_path / 'epoch_1.pth', device='cpu')
    assert all(torch.equal(v, model.state_dict()[k]) for k, v in other.state_dict().items())
    lacking = dict(list(done.state_dict.items())[2:])
    with pytest.raises(ValueError, match=r'the checkpoint lacks backbone\.model'):
        fit(lacking, model, 'epoch_1.pth', training=True)


def test_own_weights_need_an_encoder_that_has_some(tmp_path: Path) -> None:
    saved('videomae', tmp_path)
    cfg = Config({'model': recognizer()})
    cfg.model.backbone.update(source=str(tmp_path), pretrained=True, processor=None)
    with pytest.raises(ValueError, match=r"checkpoint is 'own', but .* give a file"):
        init_model(cfg, 'own', device='cpu')
    cfg.model.pop('cls_head')
    model = init_model(cfg, 'own', device='cpu')
    expected = drawn('videomae').model.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in model.backbone.model.state_dict().items())
