"""Reading a file runs nothing from it, and every problem is reported in one line."""

import argparse
import contextlib
import datetime
import io
import json
import os
import pickle
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch

from mmvideomae.checkpoints import CheckpointError, load_state_dict
from mmvideomae.checkpoints.reading import read_content, unwrap
from tests.support.weight_files import CLASSIFIERS


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f'touch {self.mark}',)


def refusal(path: Path) -> str:
    """The message for a bad file: one line, with its name and without torch's advice."""
    with pytest.raises(CheckpointError) as caught:
        load_state_dict(path)
    message = str(caught.value)
    assert '\n' not in message and str(path) in message
    assert 'weights_only' not in message and 'add_safe_globals' not in message
    return message


@pytest.mark.parametrize('zipped', [True, False])
def test_a_payload_is_refused_and_does_not_run(zoo: Any, tmp_path: Path, zipped: bool) -> None:
    mark, path = tmp_path / 'ran', tmp_path / 'bad.pth'
    weights = zoo.classifier().state_dict()
    content = {'state_dict': weights, 'extra': Payload(mark)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert 'posix.system' in refusal(path)
    assert not mark.exists()
    # The file is indeed armed: with trust, its payload runs.
    assert load_state_dict(path, trust=True).keys() == weights.keys()
    assert mark.exists()


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_bare_pickles_are_refused(tmp_path: Path, protocol: int) -> None:
    mark, path = tmp_path / 'ran', tmp_path / 'bad.pth'
    path.write_bytes(pickle.dumps({'x': Payload(mark)}, protocol=protocol))
    refusal(path)
    assert not mark.exists()


def test_a_harmless_class_is_named_with_the_way_to_trust(zoo: Any, tmp_path: Path) -> None:
    path = tmp_path / 'code.pth'
    content = {'state_dict': zoo.classifier().state_dict(), 'when': datetime.timezone.utc}
    torch.save(content, path)
    message = refusal(path)
    assert 'datetime.timezone' in message
    assert 'mmvideomae convert FILE OUT --trust' in message
    assert load_state_dict(path, trust=True).keys() == content['state_dict'].keys()


def test_arguments_of_a_command_need_no_trust_and_stay_forbidden_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / 'args.pth'
    torch.save({'model': {'a': torch.ones(2)}, 'args': argparse.Namespace(lr=1)}, path)
    assert read_content(path)['args'].lr == 1
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)


@pytest.mark.parametrize('kind', ['official', 'official-legacy', 'hf5-safetensors'])
@pytest.mark.parametrize('share', [0.001, 0.1, 0.5, 0.95, 0.999])
def test_truncated_files(zoo: Any, tmp_path: Path, kind: str, share: float) -> None:
    path = CLASSIFIERS[kind](zoo.classifier().state_dict(), tmp_path)
    path = path / 'model.safetensors' if path.is_dir() else path
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert 'damaged' in refusal(path)


@pytest.mark.parametrize('kind', ['official', 'official-legacy', 'hf5-safetensors'])
def test_corrupted_files_never_end_in_another_error(zoo: Any, tmp_path: Path, kind: str) -> None:
    path = CLASSIFIERS[kind](zoo.classifier().state_dict(), tmp_path)
    path = path / 'model.safetensors' if path.is_dir() else path
    whole = path.read_bytes()
    generator = torch.Generator().manual_seed(0)
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        # The beginning and the end hold what is not plain numbers.
        for place in torch.randint(600, (8,), generator=generator).tolist():
            damaged[place] ^= 1 + place % 255
            damaged[-1 - place] ^= 1 + place % 255
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(CheckpointError):
            load_state_dict(path)
            continue
        refused += 1
    assert refused > 50


def test_a_tar_is_refused_without_advice_to_turn_safety_off(tmp_path: Path) -> None:
    """PyTorch 0.1 wrote such files, which torch reads with weights_only=False alone."""
    path = tmp_path / 'old.pth'
    with tarfile.open(path, 'w', format=tarfile.PAX_FORMAT) as archive:
        for name in ('storages', 'tensors', 'pickle'):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    message = refusal(path)
    assert 'tar archive' in message and message.count('--trust') == 1
    assert 'weights_only' not in message and 'likely succeed' not in message


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', 'is empty'),
        (b'version https://git-lfs.github.com/spec/v1\noid sha256:1', 'not a readable weight file'),
        (b'<!DOCTYPE html><html>', 'not a readable weight file'),
        (bytes(200), 'not a readable weight file'),
        (b'PK\x03\x04' + bytes(200), 'damaged'),
    ],
)
def test_files_that_hold_no_weights(tmp_path: Path, content: bytes, reason: str) -> None:
    for name in ('x.pth', 'x.bin', 'x.safetensors'):
        path = tmp_path / name
        path.write_bytes(content)
        message = refusal(path)
        assert reason in message or name == 'x.safetensors'


def test_contents_that_hold_no_weights(tmp_path: Path) -> None:
    path = tmp_path / 'x.pth'
    for content, reason in (
        ({'epoch': 3}, 'its epoch'),
        ([torch.ones(2)], 'it is a list'),
        ({}, 'no entries'),
        ({'model': {'a': torch.ones(1), 'b': 3}}, 'its b are'),
        ({'state_dict': {}, 'model': {}}, 'no weights'),
    ):
        torch.save(content, path)
        assert reason in refusal(path)
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path)
    assert 'TorchScript' in refusal(path)


def test_folders(zoo: Any, tmp_path: Path) -> None:
    assert 'a folder without weights' in refusal(tmp_path)
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / 'epoch_3.pth').touch()
    assert f'give a file in it, such as {tmp_path}/run/epoch_3.pth' in refusal(tmp_path / 'run')
    with pytest.raises(FileNotFoundError, match=r'missing\.pth'):
        load_state_dict(tmp_path / 'missing.pth')
    folder = CLASSIFIERS['hf5-safetensors-sharded'](zoo.classifier().state_dict(), tmp_path)
    index = folder / 'model.safetensors.index.json'
    listing = json.loads(index.read_text())
    assert unwrap(read_content(index), index).keys() == listing['weight_map'].keys()
    listing['weight_map']['more.weight'] = 'model-00001-of-00003.safetensors'
    index.write_text(json.dumps(listing))
    assert 'files lack: more.weight' in refusal(index)
    listing['weight_map']['more.weight'] = '../outside.safetensors'
    index.write_text(json.dumps(listing))
    assert 'outside its folder' in refusal(index)
    index.write_text('{')
    assert 'not valid JSON' in refusal(index)
    index.write_text('{}')
    assert 'weight_map' in refusal(index)
