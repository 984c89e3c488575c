"""mmengine's own loading accepts the same files, and leaves our own checkpoints unchanged."""

import http.server
import json
import re
import threading
import urllib.error
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.runner import CheckpointLoader

from mmvideomae.checkpoints import (
    CheckpointError,
    downloads,
    fit,
    heads_in,
    load,
    loading,
    save_weights,
)
from tests.support.weight_files import CLASSIFIERS, PRETRAINERS


def through_mmengine(path: Any, map_location: Any = 'cpu') -> dict[str, Any]:
    return CheckpointLoader.load_checkpoint(str(path), map_location=map_location)


@pytest.mark.parametrize('kind', CLASSIFIERS)
def test_foreign_files_arrive_under_our_names(zoo: Any, tmp_path: Path, kind: str) -> None:
    state = zoo.classifier().state_dict()
    content = through_mmengine(CLASSIFIERS[kind](state, tmp_path))
    assert all(torch.equal(content['state_dict'][key].float(), state[key]) for key in state)


def test_a_run_to_resume_passes_untouched(zoo: Any, tmp_path: Path) -> None:
    content = {
        'meta': {'epoch': 3, 'iter': 9},
        'state_dict': zoo.classifier().state_dict(),
        'optimizer': {'state': {}, 'param_groups': [{'lr': 0.1}]},
        'message_hub': {'runtime_info': {'best': 0.5}},
    }
    torch.save(content, tmp_path / 'run.pth')
    loaded = through_mmengine(tmp_path / 'run.pth')
    assert loaded.keys() == content.keys()
    for name in ('meta', 'optimizer', 'message_hub'):
        assert loaded[name] == content[name]
    assert list(loaded['state_dict']) == list(content['state_dict'])


def test_other_networks_pass_untouched(tmp_path: Path) -> None:
    weights = torch.nn.Conv2d(3, 4, 1).state_dict()
    torch.save({'state_dict': weights, 'meta': {'a': 1}}, tmp_path / 'conv.pth')
    assert through_mmengine(tmp_path / 'conv.pth')['meta'] == {'a': 1}
    torch.save(weights, tmp_path / 'bare.pth')
    assert through_mmengine(tmp_path / 'bare.pth').keys() == weights.keys()


def test_other_projects_get_their_own_names(zoo: Any, tmp_path: Path) -> None:
    """mmaction2's own loading of its own VideoMAE must not see our names."""
    path = CLASSIFIERS['mmaction2'](zoo.classifier().state_dict(), tmp_path)
    with DefaultScope.overwrite_default_scope('mmaction'):
        content = through_mmengine(path)
    assert 'backbone.patch_embed.projection.weight' in content['state_dict']
    assert 'backbone.patch_embed.proj.weight' in through_mmengine(path)['state_dict']


def test_errors_name_the_file(zoo: Any, tmp_path: Path) -> None:
    path = CLASSIFIERS['official-raw'](zoo.classifier().state_dict(), tmp_path)
    content = torch.load(path)
    torch.save({**content, 'strange': torch.ones(1)}, path)
    for read in (load, through_mmengine):
        with pytest.raises(CheckpointError, match=r'weights\.pth: official .* cannot map strange'):
            read(path)
    torch.save([1, 2], path)
    with pytest.raises(CheckpointError, match=r'weights\.pth holds no weights: it is a list'):
        through_mmengine(path)
    with pytest.raises(FileNotFoundError, match='nowhere'):
        through_mmengine(tmp_path / 'nowhere.pth')


def test_tensors_are_moved_wherever_they_are(zoo: Any, tmp_path: Path) -> None:
    state = zoo.classifier().state_dict()
    moments = {'state': {0: {'step': torch.ones(1)}}, 'param_groups': [{'betas': (0.9, 0.95)}]}
    torch.save({'state_dict': state, 'optimizer': moments, 'message_hub': {}}, tmp_path / 'x.pth')
    loaded = through_mmengine(tmp_path / 'x.pth', 'meta')
    assert all(value.is_meta for value in loaded['state_dict'].values())
    assert loaded['optimizer']['state'][0]['step'].is_meta
    assert loaded['optimizer']['param_groups'][0]['betas'] == (0.9, 0.95)


def test_traps_of_a_hugging_face_config_are_told(zoo: Any, tmp_path: Path) -> None:
    folder = CLASSIFIERS['hf5-safetensors'](zoo.small().state_dict(), tmp_path)
    config = '{"model_type": "videomae", "hidden_size": 384, "num_attention_heads": 16}'
    (folder / 'config.json').write_text(config)
    notes = load(folder).notes
    assert any('layer_norm_eps 1e-12; VideoMAE and this package use 1e-6' in note for note in notes)
    assert any('16 attention heads, but VideoMAE of this width 6' in note for note in notes)
    right = config.replace('16', '6').replace('}', ', "layer_norm_eps": 1e-6}')
    (folder / 'config.json').write_text(right)
    assert load(folder).notes == ()


@pytest.mark.parametrize(
    ('entry', 'said'),
    [
        ({'num_hidden_layers': 3}, 'num_hidden_layers=3, but the weights have 2'),
        ({'hidden_size': 64}, 'hidden_size=64, but the weights have 32'),
        ({'decoder_hidden_size': 8}, 'decoder_hidden_size=8, but the weights have 16'),
        ({'hidden_act': 'relu'}, "hidden_act='relu'"),
    ],
)
def test_weights_of_another_size_than_their_config_are_refused(
    zoo: Any, tmp_path: Path, entry: dict[str, Any], said: str
) -> None:
    folder = PRETRAINERS['hf5'](zoo.pretrainer().state_dict(), tmp_path)
    (folder / 'config.json').write_text(json.dumps({'model_type': 'videomae', **entry}))
    with pytest.raises(CheckpointError, match=re.escape(said)):
        load(folder)


def test_weights_without_the_biases_of_their_config_are_refused(zoo: Any, tmp_path: Path) -> None:
    state = zoo.classifier(qkv_bias=False).state_dict()
    folder = tmp_path / 'hf'
    save_weights(state, folder, 'hf', {'num_attention_heads': 2})
    assert 'backbone.blocks.0.attn.q_bias' not in load(folder).state_dict
    (folder / 'config.json').write_text('{"qkv_bias": true}')
    with pytest.raises(CheckpointError, match='qkv_bias=true'):
        load(folder)


@pytest.mark.parametrize('inside', ['', 'model.safetensors'])
def test_heads_of_a_config_are_those_of_the_model(zoo: Any, tmp_path: Path, inside: str) -> None:
    """Weights do not contain them: with other heads, a model silently gives other results."""
    model = zoo.pretrainer()
    folder = PRETRAINERS['hf5'](model.state_dict(), tmp_path)
    told = {'num_attention_heads': 2, 'decoder_num_attention_heads': 2}
    for change, said in (
        ({}, None),
        ({'num_attention_heads': 4}, '=4, but the backbone of the model has 2'),
        (
            {'decoder_num_attention_heads': 8},
            '=8, but the neck of the model has 2: set',
        ),
    ):
        (folder / 'config.json').write_text(json.dumps(told | change))
        done, given = load(folder / inside), through_mmengine(folder / inside)
        for weights, heads in (
            (done.state_dict, done.num_heads),
            (given['state_dict'], heads_in(given)),
        ):
            if said is None:
                fit(weights, model, 'the file', training=False, num_heads=heads)
                continue
            for training in (False, True):
                with pytest.raises(CheckpointError, match=said):
                    fit(weights, model, 'the file', training, num_heads=heads)


def test_what_is_dropped_is_logged(zoo: Any, tmp_path: Path, monkeypatch: Any) -> None:
    path = CLASSIFIERS['mmaction2'](zoo.classifier().state_dict(), tmp_path)
    line = 'dropped backbone.pos_embed: the fixed sinusoid, computed here'
    assert load(path).lines == [line]
    logged: list[str] = []
    monkeypatch.setattr(loading, 'print_log', lambda text, logger: logged.append(text))
    assert through_mmengine(path)['meta'] == {'epoch': 7}
    assert logged == [f'{path} is mmaction2', f'{path}: {line}']


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    serving = http.server.ThreadingHTTPServer(
        ('127.0.0.1', 0), partial(Quiet, directory=str(tmp_path))
    )
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f'http://127.0.0.1:{serving.server_port}'
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.mark.parametrize('first', [True, False])
def test_a_failed_download_reaches_every_process(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """The others wait for the first process, which reports the outcome to them."""
    told: list[object] = []

    def broadcast(data: list[object]) -> None:
        if not first:
            data[:] = ['404 File not found']
        told.extend(data)

    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'cache'))
    monkeypatch.setattr(downloads, 'is_main_process', lambda: first)
    monkeypatch.setattr(downloads, 'broadcast_object_list', broadcast)
    with pytest.raises(urllib.error.HTTPError if first else CheckpointError, match='404'):
        load(f'{server}/nowhere.pth')
    assert len(told) == 1 and '404' in str(told[0])


def test_addresses_are_downloaded_once(
    zoo: Any, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'cache'))
    state = zoo.classifier().state_dict()
    path = CLASSIFIERS['official'](state, tmp_path)
    for read in (lambda url: load(url).state_dict, lambda url: through_mmengine(url)['state_dict']):
        assert list(read(f'{server}/weights.pth?download=true')) == list(state)
        path.unlink(missing_ok=True)
    (tmp_path / 'other').mkdir()
    CLASSIFIERS['official-raw'](zoo.classifier(3).state_dict(), tmp_path / 'other')
    other = load(f'{server}/other/weights.pth').state_dict
    assert len(other['cls_head.fc_cls.weight']) == 3
    with pytest.raises(urllib.error.HTTPError):
        load(f'{server}/nowhere.pth')
