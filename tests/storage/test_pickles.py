"""Contract: pickles give plain data exactly, or are refused.

Nothing in them is run, dereferenced or allocated.
"""

import contextlib
import os
import pickle
import resource
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmvideomae import storage
from tests.support.forged import ForgedArray, ForgedDtype, ForgedScalar


def read(tmp_path: Path, content: bytes) -> Any:
    (tmp_path / 'a.pkl').write_bytes(content)
    return storage.read_pickle(tmp_path / 'a.pkl')


@pytest.mark.parametrize('protocol', range(6))
def test_plain_data_of_any_protocol_comes_back(tmp_path: Path, protocol: int) -> None:
    arrays = [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype='>i4').reshape(2, 3)),
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4).transpose(2, 0, 1),
        np.array([True, False]),
        np.array(['ab', 'c']),
        np.array([b'ab', b'c']),
        np.float16(0.5),
        np.int64(7),
        np.zeros((0, 5)),
    ]
    plain = {'a': [1, -(1 << 40), 0.5, None, True], 'b': ({'c': b''}, b'\xff'), 3: 'caf\u00e9'}
    content = {'arrays': arrays, 'same': arrays, 'plain': plain, 'ordered': OrderedDict(x=1)}
    written = pickle.dumps(content, protocol)
    found = read(tmp_path, written)
    assert found['plain'] == plain and found['ordered'] == {'x': 1}
    expected = pickle.loads(written)['arrays']  # NumPy may bring the bytes into its own order
    for given, back in zip(expected, found['arrays'], strict=True):
        np.testing.assert_array_equal(back, given)
        assert (back.dtype, back.shape) == (given.dtype, given.shape)


@pytest.mark.parametrize('protocol', range(6))
def test_tensors_come_back(tmp_path: Path, protocol: int) -> None:
    tensors = [torch.arange(6.0).reshape(2, 3).T, torch.tensor(3), torch.ones(2).bfloat16()]
    for given, back in zip(tensors, read(tmp_path, pickle.dumps(tensors, protocol)), strict=True):
        assert torch.equal(given, back) and given.dtype == back.dtype


def test_a_file_of_numpy_2_or_of_python_2_is_read(tmp_path: Path) -> None:
    one = pickle.dumps(np.arange(3), 2).replace(b'numpy._core.', b'numpy.core.')
    two = one.replace(b'numpy.core.', b'numpy._core.')
    assert read(tmp_path, one).tolist() == read(tmp_path, two).tolist() == [0, 1, 2]
    # Python 2 wrote the bytes of an array as a string.
    state = b"I1\n(I1\ntcnumpy\ndtype\n(S'u1'\nI0\nI1\ntRI00\nS'\\xff'\nt"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR("
    assert read(tmp_path, array + state + b'b.').tolist() == [255]


class Call:
    """Pickles as a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize(
    'content',
    [
        Call(os.system, 'true'),
        Call(eval, '1'),
        Call(bytes, 1 << 40),
        Call(bytearray, 1 << 40),
        Call(getattr, np.ndarray, 'tofile'),
        Call(np.ndarray, (1 << 40,)),
        Call(np.dtype, 'O'),
        Call(np.dtype, [('a', 'O')]),
        np.array([object()]),
        np.zeros(2, 'f4,i4'),
        np.zeros(1, 'M8[s]'),
        ForgedArray(),
        ForgedScalar(),
        ForgedArray(ForgedDtype('V8')),
        ForgedArray(np.dtype('f8'), (1 << 40,)),
        ForgedArray(np.dtype('f8'), (-1, -4)),
        ForgedArray(np.dtype('f8'), (1 << 62, 1 << 62), b''),
        ForgedArray(np.dtype('f8'), ('x',)),
        ForgedArray(np.dtype('f8'), (4,), [1, 2, 3, 4]),
        {(1, 2): 1},
        {1 << 61: 1},
        Call(
            torch._utils._rebuild_tensor_v2,
            torch.zeros(4)._typed_storage(),
            0,
            (1 << 40,),
            (1,),
            0,
            {},
        ),
        Call(
            torch._utils._rebuild_tensor_v2,
            torch.zeros(4)._typed_storage(),
            0,
            (1 << 20,),
            (0,),
            0,
            {},
        ),
        Call(
            torch._utils._rebuild_tensor_v2, torch.zeros(4)._typed_storage(), 3, (2,), (1,), 0, {}
        ),
        Call(
            torch._utils._rebuild_tensor_v2, torch.zeros(4)._typed_storage(), -1, (2,), (1,), 0, {}
        ),
        Call(torch.storage._load_from_bytes, b'PK\3\4'),
        Call(torch.storage._load_from_bytes, pickle.dumps(Call(os.system, 'true'))),
    ],
    ids=lambda content: type(content).__name__,
)
@pytest.mark.filterwarnings('ignore:TypedStorage', 'ignore:Detected pickle protocol')
def test_anything_else_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(storage.PickleError) as caught:
        read(tmp_path, pickle.dumps(content, 4))
    assert '\n' not in str(caught.value) and len(str(caught.value)) <= 200


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'no pickle',
        b'\x80\x04K\x01',
        b'N' + pickle.LONG_BINPUT + struct.pack('<I', (1 << 31) - 1) + b'.',
        b'Np2000000000\n0.',
        b'\x80\x05' + pickle.BYTEARRAY8 + struct.pack('<Q', 1 << 40) + b'.',
        b'\x80\x04' + pickle.BINBYTES8 + struct.pack('<Q', 1 << 40) + b'.',
        b'\x80\x04' + pickle.FRAME + struct.pack('<Q', 1 << 40) + b'N.',
        b'](h\0' + b'N' * 9 + b'e.',
        b'cnumpy\ndtype\n}(U\x01aNub.',
        b'cnumpy\ndtype\nN}(U\x0c__defaults__)u\x86b.',
        b'U\x01' + b'a' * 9 + b'q\0' + b'2' * 9 + b'.',
    ],
)
def test_damaged_pickles_cost_neither_memory_nor_the_process(
    tmp_path: Path, content: bytes
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with contextlib.suppress(storage.PickleError):  # some hold None, after all
        assert read(tmp_path, content) is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 16  # KiB


def test_bytes_that_are_copied_for_ever_are_refused(tmp_path: Path) -> None:
    header = b'\x80\x04' + pickle.BINBYTES + struct.pack('<I', 1 << 16) + bytes(1 << 16) + b'\x940'
    rebuilt = (
        b'cnumpy.core.numeric\n_frombuffer\n(h\0cnumpy\ndtype\n(U\x02f8tRJ\0\x20\0\0\x85U\1CtR'
    )
    assert len(read(tmp_path, header + b'](' + rebuilt * 3 + b'e.')) == 3
    with pytest.raises(storage.PickleError, match='too many times'):
        read(tmp_path, header + b'](' + rebuilt * 1000 + b'e.')


def test_nesting_as_deep_as_the_file_ends_in_an_answer(tmp_path: Path) -> None:
    deep = b'\x80\x02' + b']' * 200_000 + b'a' * 199_999 + b'.'
    assert isinstance(read(tmp_path, deep), list)
