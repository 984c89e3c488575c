"""Contract: the released layout of codes is found by either name and read without pickles."""

import io
import multiprocessing
import sys
from pathlib import Path

import numpy as np
import pytest

from mmvideomae.formats.code_files import CodeFileError
from mmvideomae.formats.code_lmdb import CodeLmdb, find_lmdb
from mmvideomae.ops.diagonal_views import DiagonalView

lmdb = pytest.importorskip('lmdb')
TOKENS = np.random.default_rng(0).integers(0, 8192, (6, 4, 4)).astype(np.int16)


def packed(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A database of the released layout, and values that are none."""
    folder = tmp_path / 'dalle_ucf101_train_val_fps2_hflip0_32center32'
    label = np.array(7, np.int16)
    values = {
        'v_Archery_g01_c01': packed(tokens=TOKENS, label=label),
        'large': packed(tokens=np.zeros((3, 8, 8), np.int16), label=label),
        'unlabelled': packed(tokens=TOKENS),
        'rubbish': b'PK\x03\x04 and no more',
        'pickled': packed(tokens=np.array([{}], object), label=label),
    }
    with lmdb.open(str(folder), map_size=2**22) as env, env.begin(write=True) as transaction:
        for name, value in values.items():
            transaction.put(name.encode(), value)
    return folder


def test_codes_and_label(folder: Path) -> None:
    database = CodeLmdb(folder, (4, 4))
    found = database.read('v_Archery_g01_c01')
    assert found.codes.dtype == np.int16 and (found.codes == TOKENS).all() and found.label == 7
    assert database.names() == sorted(database.names())
    assert 'v_Archery_g01_c01' in database.names() and len(database.names()) == 5
    assert (CodeLmdb(folder, (4, 4)).read('v_Archery_g01_c01').codes == TOKENS).all()


def test_values_that_are_no_codes(folder: Path) -> None:
    database = CodeLmdb(folder, (4, 4))
    with pytest.raises(FileNotFoundError, match="has no video 'absent'"):
        database.read('absent')
    with pytest.raises(CodeFileError, match=r"video 'large'.*8 x 8 codes per frame, but 4 x 4"):
        database.read('large')
    for name in ('unlabelled', 'rubbish', 'pickled'):
        with pytest.raises(CodeFileError, match=f'{name}.*does not hold tokens and a label'):
            database.read(name)


def _read(database: CodeLmdb, into: multiprocessing.SimpleQueue) -> None:
    into.put(int(database.read('v_Archery_g01_c01').codes.sum()))


def test_processes_that_are_forked_later_can_read_it_too(folder: Path) -> None:
    database = CodeLmdb(folder, (4, 4))
    database.read('v_Archery_g01_c01')  # in this process too
    context = multiprocessing.get_context('fork')
    queue = context.SimpleQueue()
    worker = context.Process(target=_read, args=(database, queue))
    worker.start()
    worker.join(60)
    assert worker.exitcode == 0 and queue.get() == int(TOKENS.sum())


def test_either_name_of_a_data_set_is_found(folder: Path, tmp_path: Path) -> None:
    view = DiagonalView(32)
    assert find_lmdb(tmp_path, 'ucf101', 'train_val', 2, 32, view) == folder
    assert find_lmdb(tmp_path, 'ucf101', 'train_test', 2, 32, view) == folder
    other = tmp_path / 'dalle_sthv2_train_fps16_hflip1_40top32'
    other.mkdir()
    mirrored = DiagonalView(40, 'top', flip=True)
    assert find_lmdb(tmp_path, 'ssv2', 'train', 16, 32, mirrored) == other
    assert find_lmdb(tmp_path, 'sthv2', 'train', 16, 32, mirrored) == other
    with pytest.raises(CodeFileError, match=r'has no folder dalle_sthv2_val_.* or dalle_ssv2_val_'):
        find_lmdb(tmp_path, 'sthv2', 'val', 16, 32, mirrored)


def test_what_is_missing_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CodeFileError, match=r'has no data\.mdb'):
        CodeLmdb(tmp_path, (4, 4))
    empty = tmp_path / 'empty'
    empty.mkdir()
    (empty / 'data.mdb').write_bytes(b'no database' * 1000)
    with pytest.raises(CodeFileError, match='cannot be opened as an LMDB'):
        CodeLmdb(empty, (4, 4)).read('a')
    monkeypatch.setitem(sys.modules, 'lmdb', None)
    with pytest.raises(ImportError, match='pip install lmdb'):
        CodeLmdb(folder, (4, 4)).read('v_Archery_g01_c01')
