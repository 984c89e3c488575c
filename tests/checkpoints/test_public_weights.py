"""Contract: public weights have names, which work wherever a checkpoint does, without invention."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
import torch
from torch import Tensor

from mmvideomae.analysis.servers import Server, serve_folder
from mmvideomae.apis import init_model
from mmvideomae.apis.inference import config_of_weights
from mmvideomae.checkpoints import (
    CheckpointError,
    PublishedWeights,
    fetch_published,
    load_state_dict,
    published,
    published_weights,
)
from mmvideomae.configs import read_config
from mmvideomae.engine.run_config import require_checkpoint
from mmvideomae.registry import MODELS
from tests.support.models import tiny_videomae
from tests.support.weight_files import PRETRAINERS

NAME = 'videomae_vit-base_k400-pretrain-800e'


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A web server of a folder, which also stands for Hugging Face, and an empty cache."""
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'cache'))
    (tmp_path / 'web').mkdir()
    server = serve_folder(tmp_path / 'web')
    monkeypatch.setenv('HF_ENDPOINT', server.address)
    yield server
    server.stop()


def stand_in(monkeypatch: pytest.MonkeyPatch, entry: PublishedWeights) -> None:
    monkeypatch.setitem(published_weights(), entry.name, entry)


@pytest.fixture
def weights() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return MODELS.build(tiny_videomae()).state_dict()


def test_a_name_is_a_checkpoint(
    server: Server, weights: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / 'web' / 'a.pth'
    torch.save(weights, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    address = f'{server.address}/a.pth'
    stand_in(monkeypatch, published(NAME)._replace(address=address, sha256=digest[:8]))
    require_checkpoint(NAME)
    assert load_state_dict(NAME).keys() == weights.keys()
    tiny = tiny_videomae()
    options = {f'model.{part}': tiny[part] for part in ('backbone', 'neck', 'head', 'target')}
    model = init_model(NAME, device='cpu', cfg_options=options)
    assert torch.equal(model.state_dict()['head.proj.weight'], weights['head.proj.weight'])
    assert model.checkpoint == NAME
    downloads = [path for method, path in server.requests if method == 'GET']
    assert downloads == ['/a.pth']  # once
    server.stop()
    assert load_state_dict(NAME).keys() == weights.keys()  # offline


def test_another_file_than_the_published_one_is_refused(
    server: Server, weights: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(weights, tmp_path / 'web' / 'a.pth')
    address = f'{server.address}/a.pth'
    stand_in(monkeypatch, published(NAME)._replace(address=address, sha256='00000000'))
    with pytest.raises(CheckpointError, match='SHA-256 does not begin with 00000000'):
        fetch_published(NAME)
    assert not list((tmp_path / 'cache').rglob('*.pth'))


@pytest.mark.parametrize('suffix', ['safetensors', 'bin'])
def test_a_repository_of_hugging_face_is_a_folder(
    server: Server, weights: dict[str, Tensor], tmp_path: Path, suffix: str
) -> None:
    name = 'videomae_vit-base_k400-hf'
    kind = 'hf5' if suffix == 'safetensors' else 'hf4'
    made = PRETRAINERS[kind]
    folder = tmp_path / 'web' / published(name).repo / 'resolve' / 'main'
    folder.mkdir(parents=True)
    made(weights, folder)
    found = fetch_published(name)
    assert found.name.endswith('MCG-NJU--videomae-base-finetuned-kinetics')
    assert load_state_dict(name).keys() >= {'backbone.patch_embed.proj.weight'}


def test_a_repository_without_weights_is_named(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / 'web' / 'MCG-NJU' / 'videomae-base-ssv2' / 'resolve' / 'main'
    folder.mkdir(parents=True)
    (folder / 'config.json').write_text('{}')
    with pytest.raises(CheckpointError, match=r'neither model\.safetensors'):
        fetch_published('videomae_vit-base_ssv2-pretrain-hf')
    server.failures = [503]
    with pytest.raises(HTTPError, match='503'):
        fetch_published('videomae_vit-large_k400-hf')


def test_what_only_a_browser_can_download_is_explained() -> None:
    with pytest.raises(CheckpointError, match=r'download it from https://drive\.google\.com/'):
        load_state_dict(NAME)
    with pytest.raises(CheckpointError, match='unpack it'):
        fetch_published('vimpac_small')


def test_a_wrong_name_is_answered_by_a_similar_one() -> None:
    with pytest.raises(CheckpointError, match="did you mean 'videomae_vit-base_k400-hf'"):
        published('videomae_vit-base-k400-hf')
    with pytest.raises(FileNotFoundError):
        load_state_dict('no such name')


@pytest.mark.parametrize('entry', published_weights().values(), ids=lambda entry: entry.name)
def test_every_entry_is_complete(entry: PublishedWeights) -> None:
    assert sum(place is not None for place in (entry.address, entry.repo, entry.page)) == 1
    assert entry.sha256 is None or entry.sha256 in str(entry.address)
    cfg = read_config(config_of_weights(entry.name))
    head = cfg.model.get('cls_head') if cfg.model.get('cls_head') else {}
    if entry.classes is not None:
        assert head['num_classes'] == entry.classes
    for place in (entry.address, entry.page):
        assert place is None or place.startswith('https://')
