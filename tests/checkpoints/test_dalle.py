"""Contract: DALL-E's files load in each of their forms, with every key used."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope
from safetensors.torch import save_file

from mmvideomae.checkpoints import CheckpointError, load
from mmvideomae.models.tokenizers import DalleTokenizer
from mmvideomae.registry import TOKENIZERS
from tests.support.dalle_files import TINY, released_names, save_whole_module

pytestmark = pytest.mark.filterwarnings("ignore:Couldn't retrieve source")


@pytest.fixture
def original() -> DalleTokenizer:
    torch.manual_seed(1)
    return DalleTokenizer(**TINY)


def write(original: DalleTokenizer, folder: Path, form: str) -> list[Path]:
    """The tokenizer as files, by the form's name."""
    paths = []
    for part in ('encoder', 'decoder'):
        names = released_names(original.state_dict(), part)
        path = folder / f'{part}.pkl'
        if form.startswith('module'):
            save_whole_module(names, path, zipped=form == 'module')
        elif form == 'state dict':
            torch.save(names, path)
        elif form == 'safetensors':
            path = path.with_suffix('.safetensors')
            save_file({key: value.contiguous() for key, value in names.items()}, path)
        paths.append(path)
    if form == 'one file':
        both = {
            f'{part}.{key}': value
            for part in ('encoder', 'decoder')
            for key, value in released_names(original.state_dict(), part).items()
        }
        torch.save({'state_dict': both}, folder / 'both.pth')
        return [folder / 'both.pth']
    if form == 'ours':
        state = {f'data_preprocessor.tokenizer.{k}': v for k, v in original.state_dict().items()}
        torch.save({'state_dict': {**state, 'backbone.x': torch.ones(1)}}, folder / 'ours.pth')
        return [folder / 'ours.pth']
    return paths


def pretrained(paths: list[Path], **settings: Any) -> DalleTokenizer:
    files = [{'type': 'Pretrained', 'checkpoint': str(path)} for path in paths]
    init_default_scope('mmvideomae')
    tokenizer = TOKENIZERS.build({'type': 'DalleTokenizer', **TINY, **settings, 'init_cfg': files})
    tokenizer.init_weights()
    return tokenizer


@pytest.mark.parametrize(
    'form', ['module', 'module before 1.6', 'state dict', 'safetensors', 'one file', 'ours']
)
def test_every_key_of_the_released_files_is_used(
    original: DalleTokenizer, tmp_path: Path, form: str
) -> None:
    paths = write(original, tmp_path, form)
    loaded = pretrained(paths)
    expected = original.state_dict()
    assert loaded.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[key]) for key, value in loaded.state_dict().items())
    assert loaded.fingerprint() == original.fingerprint()
    if form == 'module':
        found = [load(path).state_dict.keys() for path in paths]
        assert set(found[0]) | set(found[1]) == expected.keys() and not set(found[0]) & set(
            found[1]
        )


def test_what_is_not_in_the_files_is_an_error(original: DalleTokenizer, tmp_path: Path) -> None:
    encoder, decoder = write(original, tmp_path, 'module')
    with pytest.raises(ValueError, match='none of the files of DalleTokenizer has its decoder'):
        pretrained([encoder])
    assert pretrained([encoder], has_decoder=False).fingerprint() == original.fingerprint()
    with pytest.raises(CheckpointError, match=r'decoder\.pkl does not fit DalleTokenizer'):
        pretrained([encoder, decoder], has_decoder=False)
    with pytest.raises(CheckpointError, match=r'is \(\d.*\), not \('):
        pretrained([encoder, decoder], width=12)
    with pytest.raises(CheckpointError, match='only one of the two has'):
        pretrained([encoder, decoder], num_blocks=2)
    names = released_names(original.state_dict(), 'encoder')
    torch.save({**names, 'head.weight': torch.ones(1)}, tmp_path / 'more.pth')
    with pytest.raises(CheckpointError, match=r'cannot map head\.weight'):
        load(tmp_path / 'more.pth')


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f'touch {self.mark}',)


@pytest.mark.parametrize('zipped', [True, False])
def test_a_malicious_pickle_is_refused(
    original: DalleTokenizer, tmp_path: Path, zipped: bool
) -> None:
    path, mark = tmp_path / 'encoder.pkl', tmp_path / 'ran'
    names = released_names(original.state_dict(), 'encoder')
    save_whole_module(names, path, zipped, extra=Payload(mark))
    with pytest.raises(CheckpointError, match=r'refused: it holds posix\.system') as caught:
        pretrained([path], has_decoder=False)
    assert '\n' not in str(caught.value) and not mark.exists()
