"""Hugging Face and the official names can read our files, and converting back is bit-exact."""

import filecmp
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from mmvideomae.analysis.hf_reference import build_reference, set_norm_eps
from mmvideomae.apis.convert_checkpoint import hf_entries
from mmvideomae.checkpoints import (
    WRITABLE,
    CheckpointError,
    convert,
    hf_config,
    load,
    load_state_dict,
    save_weights,
)
from tests.support.weight_files import (
    hugging_face,
    mmaction2,
    official_finetuned,
    official_pretrained,
)

MODELS = ('classifier', 'pretrainer', 'small')


@pytest.mark.parametrize('kind', MODELS)
@pytest.mark.parametrize('to', ['videomae', 'hf'])
def test_there_and_back_is_the_same_file(zoo: Any, tmp_path: Path, kind: str, to: str) -> None:
    model = getattr(zoo, kind)()
    first, back = tmp_path / 'first.pth', tmp_path / 'other name.pth'
    save_weights(model.state_dict(), first)
    save_weights(load_state_dict(first), tmp_path / 'there', to, hf_entries(model))
    done = load(tmp_path / 'there')
    assert done.format == to and not done.dropped
    save_weights(done.state_dict, back)
    assert filecmp.cmp(first, back, shallow=False)
    save_weights(load_state_dict(back), tmp_path / 'again', to, hf_entries(model))
    for path in [tmp_path / 'there', *(tmp_path / 'there').glob('*')]:
        if path.is_file():
            other = tmp_path / 'again' / path.relative_to(tmp_path / 'there')
            assert filecmp.cmp(path, other, shallow=False), path.name


@pytest.mark.parametrize('to', sorted({*WRITABLE} - {'vimpac', 'vjepa2', 'vjepa2-hf', 'opentad'}))
def test_tensors_keep_bits_order_and_type(zoo: Any, to: str) -> None:
    state = zoo.classifier().state_dict()
    state = {key: value.half() if 'mlp' in key else value for key, value in state.items()}
    back = convert(state, to)
    if to != 'ours':
        from mmvideomae.checkpoints import to_ours

        back = to_ours(back).state_dict
    assert list(back) == list(state)
    assert all(torch.equal(back[key], value) for key, value in state.items())
    assert all(back[key].dtype is value.dtype for key, value in state.items())


def test_names_are_those_of_the_formats(zoo: Any) -> None:
    """Against the names spelt out in testing.weight_files, which do not use the converter."""
    state, pretrained = zoo.classifier().state_dict(), zoo.pretrainer().state_dict()
    actual = mmaction2(state, torch.zeros(1, 32, 32))
    del actual['backbone.pos_embed']  # a buffer that mmaction2 computes as well
    for to, weights, expected in (
        ('videomae', state, official_finetuned(state)),
        ('videomae', pretrained, official_pretrained(pretrained)),
        ('hf', state, hugging_face(state, 5)),
        ('hf', pretrained, hugging_face(pretrained, 5)),
        ('mmaction2', state, actual),
    ):
        out = convert(weights, to)
        assert out.keys() == expected.keys(), to
        assert all(torch.equal(out[key], value) for key, value in expected.items()), to


@pytest.mark.parametrize('kind', ['classifier', 'small'])
def test_logits_equal_those_of_hugging_face(zoo: Any, tmp_path: Path, kind: str) -> None:
    transformers = pytest.importorskip('transformers', minversion='5.18')
    model = getattr(zoo, kind)()
    save_weights(model.state_dict(), tmp_path, 'hf', hf_entries(model))
    reference, info = transformers.VideoMAEForVideoClassification.from_pretrained(
        tmp_path, output_loading_info=True, local_files_only=True
    )
    assert not any(info[name] for name in ('missing_keys', 'unexpected_keys', 'mismatched_keys'))
    assert reference.config.num_labels == model.cls_head.num_classes
    set_norm_eps(reference.eval())
    clips = zoo.clips()
    with torch.no_grad():
        theirs = reference(clips.transpose(1, 2)).logits
    ours = zoo.logits(model)
    assert ours.std() > 0.1
    assert (ours - theirs).abs().max() < 1e-5 * theirs.abs().max()
    # The other way: what transformers saves.
    reference.save_pretrained(tmp_path / 'theirs')
    back = load_state_dict(tmp_path / 'theirs')
    assert list(back) == list(model.state_dict())
    assert all(torch.equal(back[key], value) for key, value in model.state_dict().items())


def test_every_weight_of_the_classifier_counts_in_the_comparison(zoo: Any) -> None:
    pytest.importorskip('transformers', minversion='5.18')
    model = zoo.classifier()
    reference = build_reference(model, 'eager')
    clips = zoo.clips()
    expected = zoo.logits(model)
    with torch.no_grad():
        for name, param in reference.named_parameters():
            kept = param.clone()
            param.add_(torch.randn(param.shape, generator=torch.Generator().manual_seed(3)))
            changed = reference(clips.transpose(1, 2)).logits
            param.copy_(kept)
            assert (changed - expected).abs().max() > 1e-4 * expected.abs().max(), name


def test_pretrainer_is_loaded_by_hugging_face(zoo: Any, tmp_path: Path) -> None:
    transformers = pytest.importorskip('transformers', minversion='5.18')
    model = zoo.pretrainer()
    save_weights(model.state_dict(), tmp_path, 'hf', hf_entries(model))
    reference, info = transformers.VideoMAEForPreTraining.from_pretrained(
        tmp_path, output_loading_info=True, local_files_only=True
    )
    assert not any(info[name] for name in ('missing_keys', 'unexpected_keys', 'mismatched_keys'))
    set_norm_eps(reference.eval())
    mask = (torch.arange(32).remainder(4) != 0).repeat(2, 1)
    with torch.no_grad():
        theirs = reference(zoo.clips().transpose(1, 2), bool_masked_pos=mask).logits
        ours = model.reconstruct(zoo.clips(), mask).pred
    assert (ours - theirs).abs().max() < 1e-5 * theirs.abs().max()


def test_config_of_published_sizes(zoo: Any, tmp_path: Path) -> None:
    config = hf_config(zoo.small().state_dict(), {'classes': list('abcdefg')})
    assert config['num_attention_heads'] == 6
    assert (config['hidden_size'], config['num_hidden_layers']) == (384, 12)
    assert (config['intermediate_size'], config['patch_size']) == (1536, 16)
    assert (config['image_size'], config['num_frames']) == (224, 16)
    assert config['layer_norm_eps'] == 1e-6 and config['use_mean_pooling']
    assert config['id2label']['6'] == 'g' and config['label2id']['a'] == 0
    plain = zoo.classifier(qkv_bias=False)
    assert not hf_config(plain.state_dict(), hf_entries(plain))['qkv_bias']


def test_what_a_format_cannot_hold_is_refused(zoo: Any, tmp_path: Path) -> None:
    state = zoo.classifier().state_dict()
    with pytest.raises(CheckpointError, match="cannot write 'onnx'; choose one of ours"):
        convert(state, 'onnx')
    with pytest.raises(CheckpointError, match='width of 32: give its config'):
        hf_config(state)
    with pytest.raises(CheckpointError, match='3 class names, but the head has 5'):
        hf_config(state, {'num_attention_heads': 2, 'classes': ['a', 'b', 'c']})
    scaled = zoo.classifier(init_values=0.1).state_dict()
    assert 'blocks.0.gamma_1' in convert(scaled, 'videomae')
    with pytest.raises(CheckpointError, match=r'no place for backbone\.blocks\.0\.gamma_1'):
        convert(scaled, 'hf')
    learned = zoo.classifier(learnable_pos=True).state_dict()
    with pytest.raises(CheckpointError, match=r'no place for backbone\.pos_embed'):
        convert(learned, 'hf')
    with pytest.raises(CheckpointError, match=r'mmaction2 has no place for .*neck'):
        convert(zoo.pretrainer().state_dict(), 'mmaction2')
    tokens = {key.replace('fc_norm', 'norm'): value for key, value in state.items()}
    with pytest.raises(CheckpointError, match=r'fc_norm\.weight is missing'):
        hf_config(tokens, {'num_attention_heads': 2})
    save_weights(state, tmp_path / 'x', 'hf', {'num_attention_heads': 2})
    assert json.loads((tmp_path / 'x' / 'config.json').read_text())['num_channels'] == 3
