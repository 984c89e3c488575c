"""Let mmengine read and write at addresses through fsspec.

Importing mmengine's file interface imports this, see `mmvideomae.compat`.
"""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager

import fsspec
from mmengine.fileio import BaseStorageBackend, FileClient, register_backend

from mmvideomae.storage.remote.files import local_copy, read_fresh
from mmvideomae.storage.remote.reaching import ask, reach

_OF_MMENGINE = ('file', 'local', 'http', 'https')


class FsspecBackend(BaseStorageBackend):
    """Files at addresses that mmengine writes (``out_dir`` of hooks) and reads."""

    def get(self, filepath: str) -> bytes:
        """The bytes of a file."""
        return read_fresh(filepath)

    def get_text(self, filepath: str, encoding: str = 'utf-8') -> str:
        """The text of a file."""
        return self.get(filepath).decode(encoding)

    @contextmanager
    def get_local_path(self, filepath: str) -> Iterator[str]:
        """The path of a local copy, which is deleted at the end of the block."""
        with local_copy(filepath) as path:
            yield str(path)

    def put(self, obj: bytes, filepath: str) -> None:
        """Write a file, whole or not at all."""
        ask(filepath, 'pipe_file', obj, large=True)

    def put_text(self, obj: str, filepath: str, encoding: str = 'utf-8') -> None:
        """Write a text."""
        self.put(obj.encode(encoding), filepath)

    def exists(self, filepath: str) -> bool:
        """Whether there is a file or folder."""
        return self._is(filepath, 'exists')

    def isfile(self, filepath: str) -> bool:
        """Whether there is a file."""
        return self._is(filepath, 'isfile')

    def isdir(self, filepath: str) -> bool:
        """Whether there is a folder."""
        return self._is(filepath, 'isdir')

    def remove(self, filepath: str) -> None:
        """Delete a file."""
        ask(filepath, 'rm_file')

    def rmtree(self, dir_path: str) -> None:
        """Delete a folder with all that is in it."""
        ask(dir_path, 'rm', recursive=True, large=True)

    def join_path(self, filepath: str, *filepaths: str) -> str:
        """A path below an address."""
        return posixpath.join(filepath, *filepaths)

    @staticmethod
    def _is(address: str, question: str) -> bool:
        reach(address)[0].invalidate_cache()  # others write there, too
        return bool(ask(address, question))


def register_addresses() -> None:
    """Let mmengine use this backend for fsspec's addresses, and for ``s3://`` instead of Petrel."""
    prefixes = [name for name in fsspec.available_protocols() if name not in _OF_MMENGINE]
    # The second is the older interface, which the checkpoint hook uses as well.
    for register in (register_backend, FileClient.register_backend):
        register('fsspec', FsspecBackend, force=True, prefixes=prefixes)


register_addresses()
