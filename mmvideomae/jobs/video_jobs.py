"""Work on many videos: find them, share them among processes and record the results."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mmvideomae.formats.annotations import AnnotationError, LineFormat, read_list
from mmvideomae.formats.text_files import is_binary
from mmvideomae.formats.video_folders import find_videos, is_video_name, video_id_of, walk_folders
from mmvideomae.jobs.failures import lost, reason_of
from mmvideomae.storage import (
    check_writable,
    inside,
    process_name,
    remove,
    remove_leftovers,
    write_text,
)
from mmvideomae.storage.remote import is_address, join_place
from mmvideomae.video.readers import first_frame

Progress = Callable[[str, int, int], None]
"""Called with the name of a video, its finished units and the total."""
Advance = Callable[[int, int], None]
"""Called with the finished units of the current video and the total."""


class Job(NamedTuple):
    """One video and the name of its output, without a suffix."""

    path: str
    video_id: str


@dataclass
class Outcome:
    """The results for the videos of one process.

    Attributes:
        done: Names of videos finished by this process.
        skipped: Names of videos that had been finished before.
        failed: Reasons for failed videos, keyed by name.
        units: Number of windows or key frames computed by this process.
    """

    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    units: int = 0

    def copy(self) -> 'Outcome':
        """A copy, which later work does not change."""
        return Outcome([*self.done], [*self.skipped], {**self.failed}, self.units)


def jobs_of(
    source: str | os.PathLike[str], data_prefix: str = '', filename_tmpl: str = 'img_{:05}.jpg'
) -> list[Job]:
    """The videos in ``source``.

    Args:
        source: A video file with any suffix; a folder of videos or of folders of frames, which is
            searched recursively; one folder of frames; or a list
            (`mmvideomae.formats.annotations`), of which only the paths are used. At an address, a
            folder has no suffix or ends with a slash.
        data_prefix: Joined before the paths of a list.

    Returns:
        Videos named by their path in the folder or list, less its extension.

    Raises:
        AnnotationError: The file does not exist, has no video, or two videos have the same name.
    """
    path = os.fspath(source)
    if _is_folder_elsewhere(path):
        found = [(join_place(path, name), name) for name in find_videos(path)]
    elif os.path.isdir(path):
        found = [(os.path.join(path, name), name) for name in _within(path, filename_tmpl)]
        found = found or [(path, os.path.basename(os.path.abspath(path)))]
    elif is_video_name(path) or is_binary(path):
        found = [(path, os.path.basename(path))]
    else:
        entries = read_list(path, LineFormat())
        found = [(join_place(data_prefix, each.path), each.path) for each in entries]
    jobs = [Job(place, video_id_of(name)) for place, name in found]
    check_names(jobs)
    return jobs


def share_of(environ: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """The number of this process's share of the videos, and the number of shares.

    ``torchrun`` sets ``RANK`` and ``WORLD_SIZE``, a Slurm array ``SLURM_ARRAY_TASK_ID``,
    ``_COUNT``, ``_MIN`` and ``_STEP``; with both, the numbers of shares multiply.

    Raises:
        ValueError: The numbers are inconsistent, as for an array with gaps.
    """
    rank, world = int(environ.get('RANK', 0)), int(environ.get('WORLD_SIZE', 1))
    task, tasks = 0, 1
    if 'SLURM_ARRAY_TASK_ID' in environ:
        tasks = int(environ.get('SLURM_ARRAY_TASK_COUNT', 1))
        first = int(environ.get('SLURM_ARRAY_TASK_MIN', 0))
        step = int(environ.get('SLURM_ARRAY_TASK_STEP', 1))
        task = (int(environ['SLURM_ARRAY_TASK_ID']) - first) // step
    if not (0 <= task < tasks and 0 <= rank < world):
        raise ValueError(
            f'process {rank} of {world} in task {task} of {tasks} has no share: give the Slurm '
            'array numbers without gaps, such as --array=0-7'
        )
    return task * world + rank, tasks * world


def work_through(
    jobs: Sequence[Job],
    out: Path,
    is_finished: Callable[[Job], bool],
    work: Callable[[Job, Advance], int],
    failures: tuple[type[Exception], ...] = (),
    progress: Progress | None = None,
) -> Iterator[Outcome]:
    """Work on unfinished videos, and continue after a video that fails for any reason.

    The reason for a failure is kept in ``out/ID.error`` until the video succeeds.  During the
    work on a video there is a file ``out/ID.started``; if a process dies on a video, as decoders
    of damaged files may, the file stays, and that video comes last the next time.

    Args:
        is_finished: Whether a video needs no more work; called before all work, and again
            before each video, since another process may have finished it.
        work: Does the work, reports progress to a callback, and returns the number of units.
        failures: Exceptions that ``work`` raises for bad videos, in addition to those in
            `mmvideomae.jobs.failures`.

    Yields:
        The results so far, after each video.

    Raises:
        OSError: Nothing can be written in ``out``.
        Exception: An error that every other video would cause too, such as a full disk, or one
            from ``is_finished`` other than an ``OSError``.
    """
    outcome = Outcome()
    waiting = []
    for job in jobs:
        if _is_done(job, is_finished):
            outcome.skipped.append(job.video_id)
        else:
            waiting.append(job)
    yield outcome.copy()
    if waiting:  # fails before hours of work
        check_writable(out / '.error')
        _tidy({file_of(job, out, '').parent for job in waiting})
    for job in sorted(waiting, key=lambda job: _was_started(job, out)):
        if _is_done(job, is_finished):
            outcome.skipped.append(job.video_id)
            yield outcome.copy()
            continue

        def advance(done: int, total: int, name: str = job.video_id) -> None:
            if progress:
                progress(name, done, total)

        try:
            with _started(job, out):
                outcome.units += work(job, advance)
        except Exception as error:
            reason = reason_of(error) if isinstance(error, failures) else lost(error)
            outcome.failed[job.video_id] = reason
            _note(job, out, reason)
        else:
            _note(job, out, '')
            outcome.done.append(job.video_id)
        yield outcome.copy()


def _tidy(folders: Iterable[Path]) -> None:
    """Delete unfinished files of processes that died."""
    for folder in folders:
        with contextlib.suppress(OSError, ValueError):  # the name is not valid for a folder
            remove_leftovers(folder)


def _is_done(job: Job, is_finished: Callable[[Job], bool]) -> bool:
    try:
        return is_finished(job)
    except OSError:  # the name is too long: the work will fail and say why
        return False


def _was_started(job: Job, out: Path) -> bool:
    """Whether a process died on a video, or another is working on it."""
    with contextlib.suppress(OSError):
        return file_of(job, out, '.started').is_file()
    return False


@contextlib.contextmanager
def _started(job: Job, out: Path) -> Iterator[None]:
    """Keep a marker file during the work on a video."""
    path = file_of(job, out, '.started')
    with contextlib.suppress(OSError):  # the name is too long, but the work can go on
        write_text(path, f'{job.path}: process {process_name()} is or was working on it\n')
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            remove(path)


def _note(job: Job, out: Path, reason: str) -> None:
    """Write the reason for a failure; an empty reason deletes the old one."""
    path = file_of(job, out, '.error')
    # The outcome has the reason too, so nothing is lost if the name is not valid for a file.
    with contextlib.suppress(OSError, ValueError):
        if reason:
            write_text(path, f'{job.path}: {reason}\n')
        else:
            remove(path)


def _is_folder_elsewhere(path: str) -> bool:
    return is_address(path) and (path.endswith('/') or not os.path.splitext(path)[1])


def _within(folder: str, filename_tmpl: str) -> list[str]:
    """Videos, or else folders of frames, below a folder; none if it is a folder of frames."""
    if first_frame(folder, filename_tmpl) is not None:
        return []
    try:
        return find_videos(folder)
    except AnnotationError as error:
        names = [
            os.path.relpath(place, folder)
            for place, _ in walk_folders(folder, [])
            if first_frame(place, filename_tmpl) is not None
        ]
        if not names:
            example = filename_tmpl.format(1)
            raise AnnotationError(f'{error}, nor a folder of frames such as {example!r}') from None
        return sorted(names)


def check_names(jobs: Sequence[Job]) -> None:
    """Check that names are unique and stay within the output folder.

    Raises:
        AnnotationError: Two videos have the same name; the message names both.
        OutsideError: A name points outside the folder.
    """
    seen: dict[Path, str] = {}
    for job in jobs:
        place = inside(Path(), job.video_id)
        if place in seen:
            raise AnnotationError(
                f'the outputs of {seen[place]} and {job.path} would both be named {place}: use '
                'different output folders'
            )
        seen[place] = job.path


def file_of(job: Job, out: Path, suffix: str) -> Path:
    """The file of a video in the output folder.

    Raises:
        OutsideError: The name of the video points outside it.
    """
    return inside(out, f'{job.video_id}{suffix}')
