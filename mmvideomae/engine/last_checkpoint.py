"""The note in a work directory that names the newest checkpoint."""

import os
from pathlib import Path
from typing import Any

from mmvideomae.errors import UserError
from mmvideomae.storage import write_text

NOTE = 'last_checkpoint'


class MissingCheckpointError(UserError, FileNotFoundError):
    """The checkpoint that a work directory names does not exist."""


def note_last(work_dir: Path, checkpoint: str) -> None:
    """Record that `checkpoint` is the newest of a run.

    A path below `work_dir` is written relative to it, so that a copied or moved work directory
    continues from its own checkpoint; any other (of a hook with ``out_dir``, or an address) is
    written unchanged.
    """
    if '://' not in checkpoint:
        path = Path(os.path.abspath(checkpoint))
        inside = path.is_relative_to(work_dir.absolute())
        checkpoint = str(path.relative_to(work_dir.absolute()) if inside else path)
    write_text(work_dir / NOTE, checkpoint)


def find_last(work_dir: Path) -> str | None:
    """The newest checkpoint that a run in `work_dir` has written; None before the first.

    Notes of mmengine, and of older versions of this toolbox, hold an absolute path.  If the work
    directory has a file of that name, that one is used, because the directory was copied or moved
    after the note was written.

    Raises:
        MissingCheckpointError: The file is neither at that path nor in the work directory.
    """
    note = work_dir / NOTE
    if not note.is_file():
        return None
    noted = note.read_text(encoding='utf-8', errors='surrogateescape').strip()
    if '://' in noted:
        return noted
    wanted = [work_dir / noted]
    if Path(noted).is_absolute():
        wanted.insert(0, work_dir / Path(noted).name)
    for path in wanted:
        if noted and path.exists():
            return str(path)
    raise MissingCheckpointError(
        f'{note} names {noted or "nothing"}, which does not exist: give the checkpoint to continue '
        f'from with --resume CHECKPOINT, or delete {note} to start anew'
    )


def choose_last(runner: Any) -> None:
    """Let a runner that resumes without a given checkpoint use its newest one.

    mmengine's runners read the note as a path relative to the current directory.
    """
    if runner._resume is not True or runner._load_from is not None:
        return
    newest = find_last(Path(runner.work_dir))
    if newest is not None:
        runner.logger.info(f'Auto resumed from the latest checkpoint {newest}.')
        runner._load_from = newest
