"""Read videos in a helper process, which is killed if it does not answer in time."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from mmvideomae.storage.remote import RemoteSettings, is_address
from mmvideomae.video.readers.base import TimedReader, VideoReader, VideoReadError
from mmvideomae.video.readers.file_state import FileKey, file_key
from mmvideomae.video.readers.helper import HelperDiedError, current_helper

_MOST_REMEMBERED = 4096
# Why files ended a helper: every epoch asks for them again.
_fatal: dict[FileKey, str] = {}


class GuardedReader(TimedReader):
    """A reader at work in a helper process, for decoders that crash or never return.

    A decoder that hangs in C code cannot be interrupted, and one that crashes ends its process.  So
    the helper opens and reads files on request, see `mmvideomae.video.readers.helper`.  If it dies
    or is late, its file counts as unreadable, and the next file gets a new helper.  This process
    does not try a file that ended a helper again until the file changes.

    If the file is already known here, it is opened only when it is read.

    Args:
        path: A file or folder.
        opening: Opens it, in the helper; it is pickled.
        deadline: Seconds that opening and all reading may take together.  For a file at an address,
            the time that its server may take is added.
        key: Key under which what is known of the file is kept; None keeps nothing.
        index_folder: Folder in which it is kept for other processes.

    Raises:
        VideoReadError: The helper died or is late.
        Exception: Whatever ``opening`` raises.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        opening: Callable[[], VideoReader],
        deadline: float,
        key: FileKey | None = None,
        index_folder: str | None = None,
    ) -> None:
        super().__init__(path)
        # A server may be asked again for some time before the file is to blame.
        patience = RemoteSettings.read().seconds if is_address(path) else 0.0
        self._deadline = self._left = deadline + patience
        self._state = file_key(self.path)
        if self._state is not None and self._state in _fatal:
            raise VideoReadError(path, _fatal[self._state])
        self._helper = current_helper()
        self._number = self._helper.new_number()
        self._opening: Callable[[], VideoReader] | None = opening
        known = None if key is None else _knowledge().recall(key, index_folder)
        if known is None:
            self._times, self._fps, known = self._ask('open', (opening, key))
            self._opening = None
            if key is not None and known is not None:
                _knowledge().remember(key, known, None)
        else:
            self._times, self._fps = known.times, known.fps

    def read(
        self, indices: Sequence[int] | np.ndarray, short_side: int | None = None
    ) -> np.ndarray:
        """Read frames in the order asked, see `VideoReader`."""
        opening, self._opening = self._opening, None
        return self._ask('read', (opening, (indices, short_side)))

    def close(self) -> None:
        self._helper.close(self._number)

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        raise NotImplementedError('frames are decoded in the helper')

    def _ask(self, what: str, argument: object) -> Any:
        begin, state = time.monotonic(), self._state if self._helper.alive else None
        try:
            return self._helper.ask(self._left, what, self._number, argument)
        except TimeoutError:
            reason = f'its decoder did not return within {self._deadline:g} s'
        except HelperDiedError as error:
            reason = f'its decoder ended its process ({error})'
        finally:
            self._left -= time.monotonic() - begin
        if state is not None and len(_fatal) < _MOST_REMEMBERED:
            _fatal[state] = reason
        raise VideoReadError(self.path, reason)


def _knowledge() -> ModuleType:
    """The module that keeps it, which needs PyAV."""
    from mmvideomae.video.readers import known_files

    return known_files
