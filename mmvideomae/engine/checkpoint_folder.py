"""The folder of a run's checkpoints, which only one run uses at a time."""

import os.path as osp
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from mmengine.dist import barrier, broadcast_object_list, is_main_process
from mmengine.fileio import LocalBackend

from mmvideomae.engine.last_checkpoint import NOTE, note_last
from mmvideomae.errors import UserError, one_line
from mmvideomae.storage import (
    LockedError,
    locked,
    process_name,
    publish,
    remove,
    remove_leftovers,
    temporary_path,
)


class CheckpointWriteError(UserError, OSError):
    """A checkpoint could not be written to the disk."""


class CheckpointFolder:
    """The place where a run writes checkpoints, and its work directory, which names the last one.

    All processes of a run must call the methods together.

    Args:
        place: A folder, or an address in an object store.
        backend: mmengine's storage backend of that place.
        work_dir: The run's work directory.

    Attributes:
        local: Whether it is a folder; object stores write objects atomically anyway.
    """

    def __init__(self, place: str, backend: Any, work_dir: str) -> None:
        self.place = place
        self.backend = backend
        self.work_dir = Path(osp.abspath(work_dir))
        self.local = isinstance(backend, LocalBackend)
        self._locks = ExitStack()
        # Processes write a sharded checkpoint together, so they use the main process's name.
        self._writers = ''

    def hold(self) -> list[Path]:
        """Lock the folders, delete unfinished files of a killed run, and return their paths.

        Raises:
            LockedError: Another run has locked one of them; raised in all processes.
        """
        told = ['', process_name()]
        folders = {Path(self.place).absolute(), self.work_dir}
        mine = is_main_process() and self.local
        if mine:
            try:
                for folder in folders:
                    self._locks.enter_context(locked(folder, 'another training run'))
            except LockedError as error:
                self.release()
                told[0] = str(error)
        broadcast_object_list(told)
        if told[0]:
            raise LockedError(told[0])
        self._writers = told[1]
        return [path for folder in folders for path in remove_leftovers(folder)] if mine else []

    def release(self) -> None:
        """Release the locks."""
        self._locks.close()

    def path(self, name: str) -> str:
        """Path or address of a file."""
        return self.backend.join_path(self.place, name)

    def contains(self, checkpoint: str) -> bool:
        """Whether a path or address is in this folder."""
        if '://' in checkpoint or not self.local:
            return checkpoint.rpartition('/')[0] == self.place.rstrip('/')
        return Path(checkpoint).resolve().parent == Path(self.place).resolve()

    def find(self, checkpoint: str | None) -> str | None:
        """The file with the same name in this folder; None if there is none."""
        here = self.path(osp.basename(checkpoint)) if checkpoint else None
        return here if here and self.backend.exists(here) else None

    @contextmanager
    def writing(self, name: str) -> Iterator[str]:
        """Yield a temporary name to write to; publish it as `name` unless the block raises.

        Raises:
            CheckpointWriteError: The disk is full, a quota is used up or the like.
        """
        path = Path(self.place) / name
        temporary = temporary_path(path, self._writers)
        with _naming(path, temporary):
            yield temporary.name if self.local else name
            # Sharded training writes a folder with one file per process.
            barrier()
            if self.local and is_main_process():
                publish(temporary, path)

    def note(self, checkpoint: str) -> None:
        """Record in the work directory that a checkpoint is the last.

        Raises:
            CheckpointWriteError: See `writing`.
        """
        if is_main_process():
            with _naming(self.work_dir / NOTE):
                note_last(self.work_dir, checkpoint)

    def delete(self, names: Iterable[str]) -> None:
        """Delete files of this folder that exist."""
        for name in names if is_main_process() else ():
            self._delete(self.path(name))

    def _delete(self, path: str) -> None:
        if self.local:
            remove(Path(path))
        elif self.backend.isfile(path):
            self.backend.remove(path)


@contextmanager
def _naming(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Turn errors of writing into one that names the path, and delete the partial file.

    Raises:
        CheckpointWriteError: Replaces an OSError and the errors of torch's archive writer.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and 'PytorchStreamWriter' not in str(error):
            raise
        if temporary is not None:
            with suppress(OSError):
                remove(temporary)
        why = (isinstance(error, OSError) and error.strerror) or one_line(error)
        raise CheckpointWriteError(
            f'{path} cannot be written ({why}). Free some space, or choose another folder '
            '(--work-dir, or out_dir of the checkpoint hook); the previous checkpoint is intact: '
            'continue from it with --resume'
        ) from error
