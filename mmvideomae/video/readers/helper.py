"""A process that reads videos for another process, and the memory that both share."""

import contextlib
import ctypes
import math
import mmap
import os
import pickle
import select
import signal
import time
import weakref
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any, NamedTuple, NoReturn

import numpy as np

from mmvideomae.video.readers.base import VideoReader
from mmvideomae.video.readers.file_state import FileKey

_MOST_FREE = 2  # pieces of memory that wait to be used again
_PR_SET_PDEATHSIG = 1  # of prctl(2)
_ENDING = (
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT),
    signal.SIGTERM,
)

_current: 'Helper | None' = None
_unreaped: list[int] = []  # processes that were killed


class HelperDiedError(Exception):
    """The helper died; the text names the signal or the exit status."""


class _Frames(NamedTuple):
    """Where frames are in the shared memory.

    Attributes:
        shape: Of the frames.
        piece: Number of the piece of memory.
        size: Bytes of a new piece, otherwise 0.
        dropped: Pieces that are no longer used.
    """

    shape: tuple[int, ...]
    piece: int
    size: int
    dropped: list[int]


class Helper:
    """A forked process that opens and reads videos, one request at a time.

    It is forked because a new process would take seconds to import what this one has.  A loader
    worker forks it at its first sample, before it has threads.  It ends with this process.
    """

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.alive = True
        self._readers = 0
        self._pieces: dict[int, mmap.mmap] = {}
        self._free: list[int] = []
        self._connection, theirs = Pipe()
        self._waiting = select.poll()  # Connection.poll makes one each time
        self._waiting.register(self._connection.fileno(), select.POLLIN)
        self._pid = os.fork()
        if not self._pid:
            self._connection.close()
            _serve(theirs, self.owner)
        theirs.close()

    def new_number(self) -> int:
        """A number for one more reader."""
        self._readers += 1
        return self._readers

    def ask(self, seconds: float, what: str, number: int, argument: Any) -> Any:
        """Have a reader do something, and return the outcome.

        Raises:
            TimeoutError: It takes longer than so many seconds; the helper is killed.
            HelperDiedError: It is dead.
            Exception: What the reader raised.
        """
        if not self.alive:
            raise HelperDiedError('at another file')
        try:
            self._send(what, number, argument)
            if not self._waiting.poll(1000 * max(seconds, 0)):
                self._kill()
                raise TimeoutError
            fine, outcome = self._connection.recv()
            if fine and isinstance(outcome, _Frames):
                return self._map(outcome)
        except (EOFError, ConnectionError):
            raise HelperDiedError(self._cause_of_death()) from None
        if not fine:
            raise outcome
        return outcome

    def close(self, number: int) -> None:
        """Close a reader."""
        if self.alive:
            with contextlib.suppress(ConnectionError):  # the next request finds out
                self._send('close', number, None)

    def seconds(self) -> float:
        """Processor time that it has used."""
        return time.clock_gettime(~self._pid << 3 | 2) if self.alive else 0.0

    def _send(self, what: str, number: int, argument: Any) -> None:
        # Faster than Connection.send, whose pickler supports more than a request needs.
        self._connection.send_bytes(pickle.dumps((what, number, argument, self._free), -1))

    def _map(self, frames: _Frames) -> np.ndarray:
        """The frames; their memory is used again once nothing refers to them."""
        for number in frames.dropped:
            self._free.remove(number)
            del self._pieces[number]
        if frames.size:
            handle = recv_handle(self._connection)
            self._pieces[frames.piece] = mmap.mmap(handle, frames.size)
            os.close(handle)
        else:
            self._free.remove(frames.piece)
        # Views of frames refer to this array and not to the memory, so it is freed last.
        flat = np.frombuffer(self._pieces[frames.piece], np.uint8, math.prod(frames.shape))
        weakref.finalize(flat, self._free.append, frames.piece).atexit = False
        return flat.reshape(frames.shape)

    def _kill(self) -> None:
        """Kill the process without waiting for it: a signal may take effect late."""
        self.alive = False
        self._connection.close()
        os.kill(self._pid, signal.SIGKILL)
        _unreaped.append(self._pid)

    def _cause_of_death(self) -> str:
        self.alive = False
        self._connection.close()
        code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return signal.Signals(-code).name if code < 0 else f'exit status {code}'


def current_helper() -> Helper:
    """The helper of this process, forked if there is none."""
    global _current
    if _current is None or not _current.alive or _current.owner != os.getpid():
        _unreaped[:] = [pid for pid in _unreaped if not _reaped(pid)]
        _current = Helper()
    return _current


def helper_seconds() -> float:
    """Processor time that the helper of this process has used, if there is one."""
    return 0.0 if _current is None or _current.owner != os.getpid() else _current.seconds()


def _reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # one of the process that forked this one
        return True


def _serve(connection: Connection, owner: int) -> NoReturn:
    """Answer requests in the forked process until the owner is gone."""
    status = 1
    try:
        for number in _ENDING:  # a loader worker's handlers are not for its helper
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == owner:
            _Server(connection, owner).run()
    except (EOFError, ConnectionError):
        status = 0
    finally:
        os._exit(status)


class _Server:
    """Readers by their numbers, and pieces of memory for their frames."""

    def __init__(self, connection: Connection, owner: int) -> None:
        self._connection, self._owner = connection, owner
        self._readers: dict[int, VideoReader] = {}
        self._pieces: dict[int, mmap.mmap] = {}
        self._made = 0

    def run(self) -> NoReturn:
        """Answer requests while there is someone who asks."""
        while True:
            what, number, argument, free = self._connection.recv()
            try:
                if what == 'close':
                    if number in self._readers:
                        self._readers.pop(number).close()
                    continue
                opening, wanted = argument
                if opening is not None:
                    self._readers[number] = opening()
                if what == 'open':
                    self._describe(self._readers[number], wanted)
                else:
                    self._read(self._readers[number], wanted, free)
            except Exception as error:
                self._connection.send((False, error))

    def _describe(self, reader: VideoReader, key: FileKey | None) -> None:
        """Answer with the times of frames, and with what is known of the file."""
        known = None
        if key is not None:
            from mmvideomae.video.readers.known_files import recall  # needs PyAV

            known = recall(key, None)
        self._connection.send((True, (reader.times, reader.fps, known)))

    def _read(self, reader: VideoReader, wanted: tuple[Any, int | None], free: list[int]) -> None:
        """Read frames into a free or new piece of memory, and answer which."""
        chosen, handle = -1, -1

        def allocate(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
            nonlocal chosen, handle
            size = math.prod(shape) * dtype.itemsize
            chosen = next((each for each in free if len(self._pieces[each]) >= size), -1)
            if chosen < 0:
                chosen, handle = self._made, os.memfd_create('frames')
                os.ftruncate(handle, size)
                self._pieces[chosen] = mmap.mmap(handle, size)
                self._made += 1
            return np.frombuffer(self._pieces[chosen], dtype, math.prod(shape)).reshape(shape)

        reader.allocate = allocate
        try:
            shape = reader.read(*wanted).shape
            is_new = handle >= 0
            others = [each for each in free if each != chosen]
            dropped = others if is_new else others[_MOST_FREE:]
            for each in dropped:
                del self._pieces[each]
            size = len(self._pieces[chosen]) if is_new else 0
            self._connection.send((True, _Frames(shape, chosen, size, dropped)))
            if is_new:
                send_handle(self._connection, handle, self._owner)
        except Exception:
            if handle >= 0:
                self._pieces.pop(chosen, None)
            raise
        finally:
            if handle >= 0:
                os.close(handle)
