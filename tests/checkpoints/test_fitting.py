"""A model gets all of its weights, unless a difference was requested and is reported."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

from mmvideomae.checkpoints import CheckpointError, fit, require_fit
from mmvideomae.registry import MODELS
from tests.support.latent import tiny_latent
from tests.support.models import tiny_videomae, tiny_vit
from tests.support.weight_files import official_finetuned


def start(model: nn.Module, weights: dict[str, Any], **options: Any) -> list[str]:
    """Load fitted weights to train on; the notes."""
    fitted = fit(weights, model, 'x.pth', training=True, **options)
    assert not model.load_state_dict(fitted.state_dict, strict=False).unexpected_keys
    return list(fitted.notes)


def refusal(model: nn.Module, weights: dict[str, Any], training: bool, **options: Any) -> str:
    with pytest.raises(CheckpointError) as caught:
        fit(weights, model, 'x.pth', training, **options)
    message = str(caught.value)
    assert '\n' not in message and message.startswith('x.pth does not fit ')
    return message


def test_pre_trained_weights_start_a_classifier(zoo: Any) -> None:
    pretrained, model = zoo.pretrainer(), zoo.classifier(seed=1)
    fresh = {key: value.clone() for key, value in model.state_dict().items()}
    notes = start(model, pretrained.state_dict())
    for key, value in model.state_dict().items():
        part = key.startswith(('backbone.patch', 'backbone.blocks'))
        assert torch.equal(value, (pretrained.state_dict() if part else fresh)[key]), key
    assert notes == [
        'backbone.norm: dropped, the model ends in another norm',
        'backbone.fc_norm: newly initialised',
        'neck: dropped, the model has none',
        'head: dropped, the model has none',
        'cls_head: newly initialised',
    ]
    message = refusal(model, pretrained.state_dict(), training=False)
    assert 'it has no cls_head, as after pre-training' in message and 'load_from' in message


@pytest.mark.parametrize('method', ['average', 'branches', 'contrast'])
def test_every_pre_training_starts_a_classifier(zoo: Any, method: str) -> None:
    """With the student's encoder, whatever else the file holds."""
    torch.manual_seed(0)
    model = zoo.classifier(seed=1)
    mlp = {'type': 'NormalizedMLP', 'hidden_dims': 8, 'out_dims': 4}
    configs = {
        'average': tiny_latent(width=32, momentum={'start': 0.9}),
        'contrast': {
            'type': 'MoCoV3',
            'backbone': {**tiny_vit(), 'out_type': 'avg'},
            'projector': mlp,
            'predictor': mlp,
            'momentum': {'start': 0.9},
        },
        'branches': {
            'type': 'BranchedPretrainer',
            'backbone': tiny_vit(),
            'targets': {'pixels': {'type': 'PixelTarget'}},
            'branches': {
                'pixels': {
                    'target': 'pixels',
                    **{part: tiny_videomae()[part] for part in ('neck', 'head')},
                }
            },
        },
    }
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        source = MODELS.build(configs[method])
    start(model, source.state_dict())
    for key, value in source.backbone.state_dict().items():
        if key.startswith(('patch', 'blocks')):
            assert torch.equal(value, model.backbone.state_dict()[key]), key


def test_a_head_of_as_many_classes_is_kept(zoo: Any) -> None:
    source, model = zoo.classifier(5), zoo.classifier(5, seed=1)
    assert start(model, source.state_dict()) == []
    assert torch.equal(zoo.logits(model), zoo.logits(source))


def test_a_head_of_other_classes_starts_anew_to_train_and_is_refused_to_test(zoo: Any) -> None:
    source, model = zoo.classifier(7), zoo.classifier(5, seed=1)
    fresh = model.cls_head.fc_cls.weight.clone()
    notes = start(model, source.state_dict())
    assert notes[0].startswith('head: dropped, it has 7 classes, the model 5')
    assert torch.equal(model.cls_head.fc_cls.weight, fresh)
    assert torch.equal(model.backbone.fc_norm.weight, source.backbone.fc_norm.weight)
    message = refusal(model, source.state_dict(), training=False)
    assert 'its head has 7 classes, but the model 5: set model.cls_head.num_classes=7' in message


@pytest.mark.parametrize('training', [True, False])
def test_rows_are_selected_by_the_label_map(zoo: Any, tmp_path: Path, training: bool) -> None:
    """Kinetics-710 to 400: the scores are those of the large head at the mapped classes."""
    rows = torch.randperm(710, generator=torch.Generator().manual_seed(0))[:400].tolist()
    (tmp_path / 'label_710to400.json').write_text(json.dumps(rows))
    source, model = zoo.classifier(710), zoo.classifier(400, seed=1)
    options = {'training': training, 'label_map': tmp_path / 'label_710to400.json'}
    fitted = fit(source.state_dict(), model, 'x.pth', **options)
    model.load_state_dict(fitted.state_dict)
    torch.testing.assert_close(zoo.logits(model), zoo.logits(source)[:, rows])
    assert 'head: 400 of its 710 rows selected by' in fitted.notes[0]
    # A head that fits already is left alone.
    same = fit(model.state_dict(), zoo.classifier(400), 'x.pth', **options)
    assert not same.notes
    dropped = fit(source.state_dict(), zoo.classifier(5), 'x.pth', training=True)
    assert 'label_map' in dropped.notes[0]


def test_bad_label_maps_are_refused(zoo: Any, tmp_path: Path) -> None:
    source, model, path = zoo.classifier(7), zoo.classifier(3), tmp_path / 'map.json'
    weights = source.state_dict()
    assert 'no label map' in refusal(model, weights, True, label_map=path)
    for text, reason in (
        ('[0, 1', 'not a JSON list'),
        ('{"a": 1}', 'not a JSON list'),
        ('[0, 1, -1]', 'whole numbers'),
        ('[0, 1, 2.5]', 'whole numbers'),
        ('[0, 1]', 'lists the rows of 2 classes, but the model has 3'),
        ('[0, 1, 7]', 'names row 7, but the head has 7 rows'),
    ):
        path.write_text(text)
        assert reason in refusal(model, weights, True, label_map=path)


@pytest.mark.parametrize('training', [True, False])
def test_another_architecture_is_named_with_the_cure(zoo: Any, training: bool) -> None:
    weights = zoo.classifier().state_dict()
    for options, difference in (
        ({'arch': {'embed_dims': 48, 'depth': 2, 'num_heads': 2}}, 'width 32 against 48'),
        ({'arch': {'embed_dims': 32, 'depth': 3, 'num_heads': 2}}, 'depth 2 against 3'),
        ({'arch': {'embed_dims': 32, 'depth': 1, 'num_heads': 2}}, 'depth 2 against 1'),
        ({'patch_size': 16}, 'patch size 8 against 16'),
    ):
        message = refusal(zoo.classifier(**options), weights, training)
        assert difference in message and 'use the config of a model of its size' in message
    message = refusal(zoo.classifier(tubelet_size=1), weights, training)
    assert 'set model.backbone.tubelet_size=2' in message
    ragged = refusal(zoo.classifier(qkv_bias=False), weights, training)
    assert 'the model has no backbone.blocks.0.attn.q_bias' in ragged
    nothing = refusal(zoo.classifier(), {'conv1.weight': torch.ones(1)}, training)
    assert 'no weight has a name of the model' in nothing


def test_gaps_in_the_encoder_are_never_silent(zoo: Any) -> None:
    model = zoo.classifier()
    for key in model.state_dict():
        if not key.startswith('backbone.'):
            continue
        weights = {name: value for name, value in model.state_dict().items() if name != key}
        assert f'lacks {key}' in refusal(model, weights, training=True)
    more = {**model.state_dict(), 'backbone.blocks.0.extra': torch.ones(1)}
    assert 'has no backbone.blocks.0.extra' in refusal(model, more, training=True)


def test_a_partial_head_is_refused_and_another_kind_starts_anew(zoo: Any) -> None:
    model = zoo.classifier()
    probe = {**model.state_dict(), 'cls_head.layers.0.weight': torch.ones(5, 32)}
    probe = {key: value for key, value in probe.items() if 'fc_cls' not in key}
    assert start(model, probe) == [
        'cls_head: dropped, the model has another one; it is newly initialised'
    ]
    pretrained = zoo.pretrainer().state_dict()
    pretrained['head.proj.bias'] = torch.ones(3)
    message = refusal(zoo.pretrainer(), pretrained, training=True)
    assert 'head.proj.bias is (3,), but (384,) in the model' in message


def test_positions(zoo: Any) -> None:
    learned, fixed = zoo.classifier(learnable_pos=True), zoo.classifier(seed=1)
    message = refusal(fixed, learned.state_dict(), training=True)
    assert 'set model.backbone.learnable_pos=True' in message
    # The fixed sinusoid is what weights without a table were trained with.
    notes = start(learned, fixed.state_dict())
    assert 'fixed sinusoid' in notes[0]
    assert torch.equal(zoo.logits(learned), zoo.logits(fixed))


def test_learned_positions_are_resized(zoo: Any) -> None:
    base = zoo.classifier(learnable_pos=True)
    for options, shape in (
        ({'img_size': 48}, (1, 2 * 36, 32)),
        ({'num_frames': 8}, (1, 4 * 16, 32)),
    ):
        model = zoo.classifier(seed=1, learnable_pos=True, **options)
        notes = start(model, base.state_dict())
        assert notes[0].startswith('positions: resized from (2, 4, 4) to')
        assert model.backbone.pos_embed.shape == shape
        frames, side = options.get('num_frames', 4), options.get('img_size', 32)
        clips = torch.randn(1, 3, frames, side, side)
        # The model that resizes as it goes agrees with the one that was resized when loading.
        torch.testing.assert_close(zoo.logits(model, clips), zoo.logits(base, clips))
    odd = zoo.classifier(learnable_pos=True, img_size=(32, 40), num_frames=12)
    assert 'table of 32 positions' in refusal(odd, base.state_dict(), training=True)


def test_an_encoder_alone_takes_its_part(zoo: Any) -> None:
    source, other = zoo.classifier(), zoo.classifier(seed=1)
    fitted = fit(source.state_dict(), other.backbone, 'x.pth', training=True)
    other.backbone.load_state_dict(fitted.state_dict)
    assert fitted.notes[0].startswith('the model is an encoder: dropped cls_head.fc_cls')
    clips = zoo.clips()
    assert torch.equal(other.backbone(clips), source.backbone(clips))
    bare = fit(source.backbone.state_dict(), other.backbone, 'x.pth', training=False)
    assert bare.state_dict.keys() == other.backbone.state_dict().keys() and not bare.notes
    small = zoo.classifier(arch={'embed_dims': 48, 'depth': 2, 'num_heads': 2}).backbone
    assert 'width 32 against 48' in refusal(small, source.state_dict(), training=True)


def test_wrapped_and_foreign_names(zoo: Any) -> None:
    source, model = zoo.classifier(), zoo.classifier(seed=1)
    wrapped = {f'module.{key}': value for key, value in source.state_dict().items()}
    assert (
        fit(wrapped, model, 'x.pth', training=False).state_dict.keys() == model.state_dict().keys()
    )
    foreign = fit(official_finetuned(source.state_dict()), model, 'x.pth', training=False)
    model.load_state_dict(foreign.state_dict)
    assert torch.equal(zoo.logits(model), zoo.logits(source))


def test_a_model_of_mmaction2_takes_its_own_names_and_ours(zoo: Any, tmp_path: Path) -> None:
    ours = zoo.classifier()
    vit = {'type': 'VisionTransformer', 'img_size': 32, 'patch_size': 8, 'num_frames': 4}
    sizes = {'embed_dims': 32, 'depth': 2, 'num_heads': 2, 'mlp_ratio': 4}
    head = {'type': 'TimeSformerHead', 'num_classes': 5, 'in_channels': 32}
    theirs = zoo.drawn(
        {
            'type': 'Recognizer3D',
            'backbone': {**vit, **sizes},
            'cls_head': head,
            'data_preprocessor': {'type': 'ActionDataPreprocessor'},
        },
        seed=1,
    )
    own = fit(theirs.state_dict(), theirs, 'x.pth', training=False)
    assert own.state_dict.keys() == theirs.state_dict().keys() and not own.notes
    fitted = fit(ours.state_dict(), theirs, 'x.pth', training=False)
    theirs.load_state_dict(fitted.state_dict, strict=True)
    torch.testing.assert_close(zoo.logits(theirs), zoo.logits(ours), rtol=1e-4, atol=1e-5)
    # The other way: what mmaction2 itself saves, its buffer of positions included.
    other = zoo.classifier(seed=2)
    start(other, theirs.state_dict())
    assert torch.equal(zoo.logits(other), zoo.logits(ours))


def test_strict_comparison_changes_nothing(zoo: Any) -> None:
    source = zoo.classifier()
    require_fit(source.state_dict(), source, 'x.pth')
    with pytest.raises(CheckpointError, match=r'x\.pth does not fit .* is \(5, 32\)'):
        require_fit(source.state_dict(), zoo.classifier(4), 'x.pth')
    with pytest.raises(CheckpointError, match='lacks backbone'):
        require_fit(official_finetuned(source.state_dict()), source, 'x.pth')


def with_adapters(model: nn.Module) -> nn.Module:
    for block in model.backbone.blocks:
        block.adapter = nn.Sequential(nn.Linear(32, 4), nn.Linear(4, 32))
        block.attn.qkv.lora = nn.Linear(32, 4, bias=False)
    return model


def test_what_was_added_to_an_encoder_starts_anew_by_name(zoo: Any) -> None:
    weights = zoo.pretrainer().state_dict()
    model = with_adapters(zoo.classifier())
    fitted = fit(weights, model, 'the file', training=True)
    assert any('backbone.blocks.0.adapter.0.weight' in note for note in fitted.notes)
    assert not any('adapter' in key or 'lora' in key for key in fitted.state_dict)
    with pytest.raises(CheckpointError, match='lacks backbone'):
        fit(zoo.classifier().state_dict(), model, 'the file', training=False)


@pytest.mark.parametrize('lost', ['blocks.1.mlp.fc1', 'blocks.1.attn.qkv', 'patch_embed.proj'])
def test_a_lost_part_of_the_encoder_does_not_pass_for_an_added_one(zoo: Any, lost: str) -> None:
    weights = zoo.pretrainer().state_dict()
    kept = {k: v for k, v in weights.items() if not k.startswith(f'backbone.{lost}')}
    with pytest.raises(CheckpointError, match=re.escape(lost)):
        fit(kept, with_adapters(zoo.classifier()), 'the file', training=True)


def test_adapters_of_some_blocks_are_incomplete(zoo: Any) -> None:
    weights = with_adapters(zoo.classifier()).state_dict()
    kept = {k: v for k, v in weights.items() if not k.startswith('backbone.blocks.1.adapter')}
    with pytest.raises(CheckpointError, match=r'blocks\.1\.adapter'):
        fit(kept, with_adapters(zoo.classifier()), 'the file', training=True)
