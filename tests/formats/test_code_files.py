"""Contract: files of codes are complete, read frame by frame, and refused if they do not fit."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from mmvideomae.formats.code_files import (
    CodeFileError,
    CodeInfo,
    CodeWriter,
    code_path,
    open_codes,
)
from mmvideomae.storage import OutsideError
from tests.support.code_files import write_codes

INFO = CodeInfo('VQVAE', 'abc', 512, 8, 2.0, 32, ('32-centre', '40-top-flip'))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 512, (7, 2, 4, 4))
    with CodeWriter(tmp_path, 'a/b', INFO.views, 7, INFO.grid) as file:
        for piece in np.array_split(codes, 3):
            file.append(piece)
            assert not list((tmp_path / 'a' / 'b').glob('[!.]*'))
    for number, view in enumerate(INFO.views):
        path = code_path(tmp_path, 'a/b', view)
        found = open_codes(path, INFO.grid)
        assert found.dtype == np.int16 and isinstance(found, np.memmap)
        assert (found == codes[:, number]).all() and (np.load(path) == found).all()
    assert sorted(os.listdir(tmp_path / 'a' / 'b')) == ['32-centre.npy', '40-top-flip.npy']


def write(folder: Path, frames: int, error: type[BaseException] | None = None) -> None:
    with CodeWriter(folder, 'a', INFO.views, 2, INFO.grid) as file:
        file.append(np.zeros((frames, 2, 4, 4), int))
        if error:
            raise error


def test_nothing_is_left_of_what_was_broken_off(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, 2, KeyboardInterrupt)
    with pytest.raises(ValueError, match='got 1 rows of 2'):
        write(tmp_path, 1)
    assert list((tmp_path / 'a').iterdir()) == []


def test_a_name_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(OutsideError):
        code_path(tmp_path, '../a', '32-centre')


def test_the_description_is_read_as_it_was_written(tmp_path: Path) -> None:
    INFO.write(tmp_path)
    assert CodeInfo.read(tmp_path) == INFO
    INFO.check(tmp_path, {'fps': 2, 'size': 32, 'num_codes': None, 'views': ['40-top-flip']})


@pytest.mark.parametrize(
    ('expected', 'message'),
    [
        ({'fps': 16}, r'its codes have fps=2\.0, but fps=16 is expected'),
        ({'size': 256}, r'its codes have size=32, but size=256 is expected'),
        ({'num_codes': 8192}, r'its codes have num_codes=512, but num_codes=8192 is expected'),
        ({'fingerprint': 'def'}, r"its codes have fingerprint='abc', but fingerprint='def'"),
        ({'views': ['32-top']}, r'has no view 32-top; it has 32-centre, 40-top-flip'),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, expected: dict, message: str) -> None:
    with pytest.raises(CodeFileError, match=message) as caught:
        INFO.check(tmp_path, expected)
    assert str(caught.value).startswith(f'{tmp_path}: ') and '\n' not in str(caught.value)


def test_descriptions_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(CodeFileError, match=r'has no codes\.json.*mmvideomae tokens') as caught:
        CodeInfo.read(tmp_path)
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
    content = {'tokenizer': 'a', 'fps': 2}
    (tmp_path / 'codes.json').write_text(json.dumps(content))
    with pytest.raises(CodeFileError, match='must have the keys factor, fingerprint, fps'):
        CodeInfo.read(tmp_path)
    (tmp_path / 'codes.json').write_text('[')
    with pytest.raises(ValueError, match=r'codes\.json is not valid JSON'):
        CodeInfo.read(tmp_path)
    with pytest.raises(ValueError, match='allow 1 to 32,768 codes, not 65,536'):
        CodeInfo('a', 'b', 2**16, 8, 2.0, 32, ())
    with pytest.raises(ValueError, match='size 36 is not a multiple of 8'):
        CodeInfo('a', 'b', 512, 8, 2.0, 36, ())


def test_files_that_are_no_codes(tmp_path: Path) -> None:
    write_codes(tmp_path, {'a': 3})
    path = code_path(tmp_path, 'a', '32-centre')
    with pytest.raises(CodeFileError, match='has 4 x 4 codes per frame, but 16 x 16 are expected'):
        open_codes(path, (16, 16))
    data = path.read_bytes()
    for broken in (b'', data[:40], data[:-1], b'not an array'):
        path.write_bytes(broken)
        with pytest.raises(CodeFileError, match='is not an array of codes'):
            open_codes(path, (4, 4))
    for wrong in (np.zeros((3, 4, 4)), np.zeros((0, 4, 4), np.int16), np.zeros(4, np.int16)):
        np.save(path, wrong)
        with pytest.raises(CodeFileError, match=r'but codes are int16 \(F, h, w\)'):
            open_codes(path, (4, 4))
    np.save(path, np.array([{}], object), allow_pickle=True)
    with pytest.raises(CodeFileError, match='is not an array of codes'):
        open_codes(path, (4, 4))
