"""Contract: a pickled module of any class gives its tensors, and nothing in the file runs."""

import contextlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmvideomae import storage
from tests.support.dalle_files import save_whole_module

pytestmark = pytest.mark.filterwarnings("ignore:Couldn't retrieve source")
STATE = {
    'blocks.input.w': torch.arange(6.0).reshape(2, 3).T,
    'blocks.group_1.conv.w': torch.tensor(3.0),
    'blocks.group_1.conv.b': torch.ones(4, dtype=torch.float16),
}


class Call:
    """Pickles as a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize('zipped', [True, False])
def test_a_module_of_an_unknown_class_gives_its_state_dict(tmp_path: Path, zipped: bool) -> None:
    save_whole_module(STATE, tmp_path / 'a.pkl', zipped)
    found = storage.read_module(tmp_path / 'a.pkl')
    assert found.keys() == STATE.keys()
    for key, value in STATE.items():
        assert torch.equal(found[key], value) and found[key].dtype == value.dtype


def test_modules_of_torch_shared_weights_and_buffers(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Conv1d(3, 3, 1, bias=False))
    network.append(network[0])
    torch.save(network, tmp_path / 'a.pkl')
    found = storage.read_module(tmp_path / 'a.pkl')
    expected = network.state_dict()
    assert list(found) == list(expected)
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    assert found['0.weight'].data_ptr() == found['3.weight'].data_ptr()


@pytest.mark.parametrize('content', [{'a': torch.ones(2)}, [1, 2], 'text'])
def test_anything_else_is_no_module(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / 'a.pkl')
    assert storage.read_module(tmp_path / 'a.pkl') is None


@pytest.mark.parametrize('zipped', [True, False])
@pytest.mark.parametrize('deep', [False, True])
@pytest.mark.parametrize('function', [os.system, eval, getattr, nn.Linear, torch.load])
def test_a_call_is_refused_by_its_name_and_does_not_happen(
    tmp_path: Path, function: Callable[..., Any], zipped: bool, deep: bool
) -> None:
    mark = tmp_path / 'ran'
    payload = Call(function, f'touch {mark}')
    extra = {'deep': [payload]} if deep else payload
    save_whole_module(STATE, tmp_path / 'a.pkl', zipped, extra)
    with pytest.raises(storage.ModuleCallError, match=function.__name__):
        storage.read_module(tmp_path / 'a.pkl')
    assert not mark.exists()


class Armed(nn.Module):
    """Runs a command when its state is set."""

    def __setstate__(self, state: Any) -> None:
        os.system(state['command'])


def test_an_object_has_no_behaviour(tmp_path: Path) -> None:
    module = Armed()
    module.command = f'touch {tmp_path / "ran"}'
    module.weight = nn.Parameter(torch.ones(2))
    torch.save(module, tmp_path / 'a.pkl')
    assert storage.read_module(tmp_path / 'a.pkl').keys() == {'weight'}
    assert not (tmp_path / 'ran').exists()
    torch.load(tmp_path / 'a.pkl', weights_only=False)
    assert (tmp_path / 'ran').exists()  # the file is indeed armed


class Endless(nn.Module):
    """Holds itself."""

    def __init__(self) -> None:
        super().__init__()
        self._modules['again'] = self


def test_modules_without_end_are_refused(tmp_path: Path) -> None:
    torch.save(Endless(), tmp_path / 'a.pkl')
    with pytest.raises(storage.PickleError, match='without end'):
        storage.read_module(tmp_path / 'a.pkl')
    wide: nn.Module = nn.ReLU()
    for _ in range(30):
        wide = nn.Sequential(wide, wide)  # 2 ** 30 of them, by their names
    torch.save(wide, tmp_path / 'a.pkl')
    with pytest.raises(storage.PickleError, match='without end'):
        storage.read_module(tmp_path / 'a.pkl')


@pytest.mark.parametrize('zipped', [True, False])
def test_damaged_files_never_end_in_another_error(tmp_path: Path, zipped: bool) -> None:
    save_whole_module(STATE, tmp_path / 'a.pkl', zipped)
    whole = (tmp_path / 'a.pkl').read_bytes()
    generator = torch.Generator().manual_seed(0)
    refused = 0
    for number in range(80):
        damaged = bytearray(whole[: len(whole) * 3 // 4] if number % 2 else whole)
        for place in torch.randint(len(damaged), (20,), generator=generator).tolist():
            damaged[place] ^= 1 + place % 255
        (tmp_path / 'a.pkl').write_bytes(bytes(damaged))
        with contextlib.suppress(storage.PickleError):
            storage.read_module(tmp_path / 'a.pkl')
            continue
        refused += 1
    assert refused >= 40


def test_a_storage_longer_than_its_file_is_never_allocated(tmp_path: Path) -> None:
    save_whole_module(STATE, tmp_path / 'a.pkl', zipped=False)
    whole = (tmp_path / 'a.pkl').read_bytes()
    assert whole.count(b'K\x06Nt') == 1
    longer = pickle.LONG1 + bytes([6]) + (1 << 44).to_bytes(6, 'little')
    (tmp_path / 'a.pkl').write_bytes(whole.replace(b'K\x06Nt', longer + b'Nt'))
    with pytest.raises(storage.PickleError, match='too short'):
        storage.read_module(tmp_path / 'a.pkl')
