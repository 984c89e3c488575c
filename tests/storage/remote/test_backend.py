"""Contract: mmengine reads and writes at addresses of fsspec as it does in folders."""

import pytest
from mmengine import fileio

from mmvideomae.storage.remote import AddressError
from mmvideomae.storage.remote.backend import FsspecBackend


@pytest.mark.parametrize('scheme', ['memory', 's3', 'gs'])
def test_addresses_belong_to_fsspec(scheme):
    assert isinstance(fileio.get_file_backend(f'{scheme}://d/a'), FsspecBackend)
    assert isinstance(fileio.FileClient.infer_client(uri=f'{scheme}://d/a').client, FsspecBackend)


def test_local_files_and_web_pages_stay_those_of_mmengine():
    assert isinstance(fileio.get_file_backend('/d/a'), fileio.LocalBackend)
    assert isinstance(fileio.get_file_backend('https://h/a'), fileio.HTTPBackend)


def test_what_is_written_is_read_and_removed(memory):
    fileio.put(b'data', 'memory://d/e/a.bin')
    fileio.put_text('text \u00e4', 'memory://d/list.txt')
    assert memory.find('/d') == ['/d/e/a.bin', '/d/list.txt']
    assert fileio.get('memory://d/e/a.bin') == b'data'
    assert fileio.get_text('memory://d/list.txt') == 'text \u00e4'
    assert fileio.list_from_file('memory://d/list.txt') == ['text \u00e4']
    with fileio.get_local_path('memory://d/e/a.bin') as path, open(path, 'rb') as file:
        assert file.read() == b'data'
    assert fileio.join_path('memory://d', 'e', 'a.bin') == 'memory://d/e/a.bin'
    assert fileio.isfile('memory://d/list.txt') and fileio.isdir('memory://d/e')
    fileio.remove('memory://d/list.txt')
    fileio.rmtree('memory://d/e')
    assert not fileio.exists('memory://d/list.txt') and not fileio.exists('memory://d/e')
    with pytest.raises(AddressError, match=r'memory://d/list\.txt: there is nothing there'):
        fileio.get('memory://d/list.txt')
