"""Read videos in a helper process, which is ended when it does not answer in time."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from mmvideomae.storage.remote import RemoteSettings, is_address
from mmvideomae.video.readers.base import VideoReader, VideoReadError
from mmvideomae.video.readers.helper import HelperDiedError, current_helper
from mmvideomae.video.readers.known_files import FileKey, file_key

_MOST_REMEMBERED = 4096
# Why files ended a helper: every epoch comes back to them.
_fatal: dict[FileKey, str] = {}


class GuardedReader(VideoReader):
    """A reader at work in a helper process, for decoders that crash or never return.

    What is stuck in C cannot be interrupted, and what crashes ends its process.  So the helper
    opens and reads on request, see `mmvideomae.video.readers.helper`.  When it dies or is late, its
    file counts as unreadable, and the next file gets another helper.  A file that ended one is not
    tried again by this process until it changes.

    Args:
        path: A file or folder.
        opening: Opens it, in the helper; it is pickled.
        deadline: Seconds that opening and all reading may take together; what lies at an address
            gets those besides that its server is waited for.

    Raises:
        VideoReadError: The helper died or is late.
        Exception: Whatever ``opening`` raises.
    """

    def __init__(
        self, path: str | os.PathLike[str], opening: Callable[[], VideoReader], deadline: float
    ) -> None:
        super().__init__(path)
        # A server may be asked again for some time before the file is to blame.
        patience = RemoteSettings.read().seconds if is_address(path) else 0.0
        self._deadline = self._left = deadline + patience
        self._key = file_key(self.path)
        if self._key is not None and self._key in _fatal:
            raise VideoReadError(path, _fatal[self._key])
        self._helper = current_helper()
        self._number = self._helper.new_number()
        self._times, self._fps, self._duration = self._ask('open', opening)

    def __len__(self) -> int:
        return len(self._times)

    @property
    def fps(self) -> float:
        return self._fps

    @property
    def times(self) -> np.ndarray:
        return self._times

    @property
    def duration(self) -> float:
        return self._duration

    def read(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Read frames in the order asked, see `VideoReader`."""
        return self._ask('read', indices)

    def close(self) -> None:
        self._helper.close(self._number)

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        raise NotImplementedError('frames are decoded in the helper')

    def _ask(self, what: str, argument: object) -> Any:
        begin, key = time.monotonic(), self._key if self._helper.alive else None
        try:
            return self._helper.ask(self._left, what, self._number, argument)
        except TimeoutError:
            reason = f'its decoder did not return within {self._deadline:g} s'
        except HelperDiedError as error:
            reason = f'its decoder ended its process ({error})'
        finally:
            self._left -= time.monotonic() - begin
        if key is not None and len(_fatal) < _MOST_REMEMBERED:
            _fatal[key] = reason
        raise VideoReadError(self.path, reason)
