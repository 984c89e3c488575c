"""Files of V-JEPA 2, official and Hugging Face's, lose nothing in either direction."""

import filecmp
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmvideomae.apis.convert_checkpoint import convert_checkpoint
from mmvideomae.checkpoints import CheckpointError, convert, fit, load, save_weights
from tests.support.vjepa2 import OurClassifier, OurPretrainer, close, their_config, their_model
from tests.support.weights import randomise

transformers = pytest.importorskip('transformers', minversion='5.0')
ENTRIES = {'num_frames': 4, 'image_size': 32, 'num_attention_heads': 2}
HEADS = {'decoder_num_attention_heads': 2}


def official(model: nn.Module) -> dict[str, Any]:
    """The content of official files, with names written out here."""
    names = {
        'backbone.': 'encoder|module.backbone.',
        'neck.mask_token': '',
        'neck.blocks.': 'predictor|module.backbone.predictor_blocks.',
        'neck.norm.': 'predictor|module.backbone.predictor_norm.',
        'neck.embed.': 'predictor|module.backbone.predictor_embed.',
        'head.proj.': 'predictor|module.backbone.predictor_proj.',
        'cls_head.fc_cls.': 'classifier|module.linear.',
        'cls_head.pooler.query': 'classifier|module.pooler.query_tokens',
        'cls_head.pooler.blocks.': 'classifier|module.pooler.blocks.',
        'cls_head.pooler.cross.q.': 'classifier|module.pooler.cross_attention_block.xattn.q.',
        'cls_head.pooler.cross.kv.': 'classifier|module.pooler.cross_attention_block.xattn.kv.',
        'cls_head.pooler.cross.': 'classifier|module.pooler.cross_attention_block.',
    }
    found: dict[str, Any] = {'encoder': {}, 'predictor': {}, 'classifier': {}}
    for key, value in model.state_dict().items():
        start = next(start for start in names if key.startswith(start))
        if start == 'neck.mask_token':
            for number, token in enumerate(value):
                name = f'module.backbone.mask_tokens.{number}'
                found['predictor'][name] = token[None].clone()
        else:
            net, _, rest = names[start].partition('|')
            found[net][rest + key.removeprefix(start)] = value
    return found


def pretrained_file(model: nn.Module, path: Path) -> Path:
    nets = official(model)
    unused = {'module.backbone.pos_embed': torch.zeros(1, 32, 32)}
    content = {
        'encoder': {key: value + 1 for key, value in nets['encoder'].items()},
        'target_encoder': nets['encoder'] | unused,
        'predictor': nets['predictor'],
        'opt': {'state': {}, 'param_groups': []},
        'scaler': None,
        'epoch': 3,
    }
    torch.save(content, path)
    return path


def drawn(model: nn.Module, seed: int = 0) -> Any:
    randomise(model, seed)
    return model


def same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def test_official_pretrained_file_is_read_and_written(tmp_path: Path) -> None:
    """The moving average is the encoder; an unused table of positions is dropped and named."""
    model = drawn(OurPretrainer(their_config()))
    done = load(pretrained_file(model, tmp_path / 'vitl.pt'))
    assert done.format == 'vjepa2' and list(done.state_dict) == list(model.state_dict())
    assert same(done.state_dict, model.state_dict())
    assert [item.key for item in done.dropped] == ['target_encoder.pos_embed']
    save_weights(done.state_dict, tmp_path / 'out.pt', 'vjepa2')
    save_weights(load(tmp_path / 'out.pt').state_dict, tmp_path / 'again.pt', 'vjepa2')
    assert filecmp.cmp(tmp_path / 'out.pt', tmp_path / 'again.pt', shallow=False)
    written = torch.load(tmp_path / 'out.pt')
    nets = official(model)
    assert written.keys() == {'encoder', 'target_encoder', 'predictor'}
    assert same(written['target_encoder'], nets['encoder'])
    assert same(written['encoder'], nets['encoder'])
    assert same(written['predictor'], nets['predictor'])


def test_official_classifier_is_a_file_of_its_own(tmp_path: Path) -> None:
    model = drawn(OurClassifier(their_config()))
    classifier = official(model)['classifier']
    torch.save({'classifiers': [classifier], 'opt': []}, tmp_path / 'probe.pt')
    done = load(tmp_path / 'probe.pt')
    head = {key: v for key, v in model.state_dict().items() if key.startswith('cls_head.')}
    assert done.format == 'vjepa2' and same(done.state_dict, head)
    save_weights(head, tmp_path / 'out.pt', 'vjepa2')
    (written,) = torch.load(tmp_path / 'out.pt')['classifiers']
    assert same(written, classifier)
    torch.save({'classifiers': [classifier] * 20}, tmp_path / 'many.pt')
    with pytest.raises(CheckpointError, match='20 classifiers'):
        load(tmp_path / 'many.pt')
    del classifier['module.pooler.cross_attention_block.xattn.q.bias']
    torch.save({'classifiers': [classifier]}, tmp_path / 'torn.pt')
    with pytest.raises(CheckpointError, match=r'cross\.q\.bias missing'):
        load(tmp_path / 'torn.pt')


def test_bare_state_dicts_of_the_official_networks(tmp_path: Path) -> None:
    """What torch.hub's models save."""
    model = drawn(OurPretrainer(their_config()))
    bare = {
        key.removeprefix('backbone.'): value
        for key, value in model.state_dict().items()
        if key.startswith('backbone.')
    }
    torch.save(bare, tmp_path / 'encoder.pt')
    done = load(tmp_path / 'encoder.pt')
    assert done.format == 'vjepa2' and same(
        done.state_dict, {f'backbone.{k}': bare[k] for k in bare}
    )
    own = {'state_dict': dict(model.state_dict())}
    torch.save(own, tmp_path / 'own.pth')
    assert load(tmp_path / 'own.pth').format == 'ours'


@pytest.mark.parametrize('name', ['ema_encoder', 'target_encoder'])
def test_version_2_1_is_refused(tmp_path: Path, name: str) -> None:
    nets = official(drawn(OurPretrainer(their_config())))
    encoder = {
        key.replace('.norm.', '.norms_block.0.'): value for key, value in nets['encoder'].items()
    }
    torch.save({name: encoder, 'predictor': nets['predictor']}, tmp_path / 'newer.pt')
    with pytest.raises(CheckpointError, match=r'this is V-JEPA 2\.1'):
        load(tmp_path / 'newer.pt')


def test_hugging_face_reads_what_we_write_and_the_other_way(tmp_path: Path) -> None:
    model = drawn(OurPretrainer(their_config()))
    save_weights(model.state_dict(), tmp_path, 'vjepa2-hf', ENTRIES | HEADS)
    theirs, info = transformers.VJEPA2Model.from_pretrained(
        tmp_path, output_loading_info=True, local_files_only=True
    )
    assert not any(info[name] for name in ('missing_keys', 'unexpected_keys', 'mismatched_keys'))
    clips, ids = torch.randn(2, 3, 4, 32, 32), torch.arange(32).expand(2, -1)
    with torch.no_grad():
        output = theirs.eval()(clips.transpose(1, 2))
        tokens = model.backbone(clips)
        found = model.head(model.neck(tokens, ids, ids, (2, 4, 4)))
    assert close(tokens, output.last_hidden_state)
    assert close(found, output.predictor_output.last_hidden_state)
    theirs.save_pretrained(tmp_path / 'theirs')
    done = load(tmp_path / 'theirs')
    assert list(done.state_dict) == list(model.state_dict())
    assert same(done.state_dict, model.state_dict()) and not done.dropped
    assert done.num_heads == {'backbone': 2, 'neck': 2}


def test_classifier_of_hugging_face_both_ways(tmp_path: Path) -> None:
    theirs = their_model(their_config(), classifier=True)
    theirs.save_pretrained(tmp_path)
    done = load(tmp_path)
    model = OurClassifier(their_config())
    fitted = fit(done.state_dict, model, 'theirs', training=False, num_heads=done.num_heads)
    model.load_state_dict(fitted.state_dict)
    assert list(done.state_dict) == list(model.state_dict())
    assert {item.key.split('.')[1] for item in done.dropped} == {'predictor'}
    assert any('epsilon of 1e-6' in note for note in done.notes)
    save_weights(model.state_dict(), tmp_path / 'out', 'vjepa2-hf', ENTRIES)
    back = transformers.VJEPA2ForVideoClassification.from_pretrained(tmp_path / 'out').eval()
    clips = torch.randn(2, 3, 4, 32, 32)
    with torch.no_grad():
        expected = theirs(clips.transpose(1, 2)).logits
        assert close(model(clips), expected)
        torch.testing.assert_close(back(clips.transpose(1, 2)).logits, expected)
    with pytest.raises(CheckpointError, match='as many attention heads as its encoder, 2, but'):
        save_weights(
            model.state_dict(), tmp_path / 'no', 'vjepa2-hf', ENTRIES | {'pooler_num_heads': 4}
        )


def test_another_configuration_than_the_weights_is_refused(tmp_path: Path) -> None:
    their_model(their_config()).save_pretrained(tmp_path)
    settings = tmp_path / 'config.json'
    config = json.loads(settings.read_text())
    settings.write_text(json.dumps(config | {'pred_hidden_size': 48}))
    with pytest.raises(CheckpointError, match='pred_hidden_size=48, but the weights have 24'):
        load(tmp_path)
    settings.write_text(json.dumps(config | {'num_attention_heads': 4}))
    done = load(tmp_path)
    with pytest.raises(CheckpointError, match=r'num_attention_heads=4, but .* model has 2'):
        fit(done.state_dict, OurPretrainer(their_config()), 'x', False, None, done.num_heads)


def test_layouts_without_biases_of_the_keys_refuse_v_jepa() -> None:
    state = drawn(OurPretrainer(their_config())).state_dict()
    for name in ('videomae', 'hf', 'mmaction2'):
        with pytest.raises(CheckpointError, match=r'no place for .*attn\.qkv\.bias'):
            convert(state, name)


def test_published_sizes_need_no_config(tmp_path: Path) -> None:
    """The giant encoder has 22 heads, and its MLP keeps its width."""
    from mmvideomae.checkpoints.formats.vjepa2_hf import vjepa2_config

    config = their_config(1408, 22, 16, 256, num_hidden_layers=1, mlp_ratio=48 / 11)
    with torch.device('meta'):
        state = OurPretrainer(config).state_dict()
    told = vjepa2_config(state)
    assert told['num_attention_heads'] == 22 and int(1408 * told['mlp_ratio']) == 6144
    assert (told['crop_size'], told['frames_per_clip']) == (256, 64)
    with pytest.raises(CheckpointError, match='width of 32: give its config'):
        vjepa2_config(OurPretrainer(their_config()).state_dict())


def test_an_encoder_and_its_classifier_become_one_file(tmp_path: Path) -> None:
    encoder = drawn(OurPretrainer(their_config()))
    classifier = drawn(OurClassifier(their_config()), seed=1)
    pretrained_file(encoder, tmp_path / 'vitl.pt')
    torch.save({'classifiers': [official(classifier)['classifier']]}, tmp_path / 'probe.pt')
    done = convert_checkpoint(
        tmp_path / 'vitl.pt', tmp_path / 'both.pth', classifier=tmp_path / 'probe.pt'
    )
    assert {item.reason for item in done.conversion.dropped} >= {'replaced by the classifier'}
    classifier.backbone.load_state_dict(encoder.backbone.state_dict())
    assert same(load(tmp_path / 'both.pth').state_dict, classifier.state_dict())
    with pytest.raises(CheckpointError, match=r'vitl\.pt has no classifier'):
        convert_checkpoint(
            tmp_path / 'vitl.pt', tmp_path / 'no.pth', classifier=tmp_path / 'vitl.pt'
        )
