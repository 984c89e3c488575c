"""Work on many videos: which there are, who does it, and what became of them."""

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
from mmvideomae.video.readers import first_frame

Progress = Callable[[str, int, int], None]
"""Called with the name of a video, its units that are done and how many there are."""
Advance = Callable[[int, int], None]
"""The same for the video that is worked on."""


class Job(NamedTuple):
    """One video and the name of what is made of it, without a suffix."""

    path: str
    video_id: str


@dataclass
class Outcome:
    """What became of the videos of one process.

    Attributes:
        done: Names of videos that were worked on now.
        skipped: Names of those that were finished before.
        failed: What went wrong with each of the others, by name.
        units: Windows or key frames that were computed now.
    """

    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    units: int = 0

    def copy(self) -> 'Outcome':
        """The same, to be kept while the work goes on."""
        return Outcome([*self.done], [*self.skipped], {**self.failed}, self.units)


def jobs_of(
    source: str | os.PathLike[str], data_prefix: str = '', filename_tmpl: str = 'img_{:05}.jpg'
) -> list[Job]:
    """The videos that ``source`` names.

    Args:
        source: A video file, whatever its suffix; a folder of videos or of folders of frames,
            searched through; one folder of frames; or a list
            (`mmvideomae.formats.annotations`), of whose lines only the paths count.
        data_prefix: Joined before the paths of a list.

    Returns:
        Videos named by their path in the folder or list, less its extension.

    Raises:
        AnnotationError: There is no such file, no video in it, or two of one name.
    """
    path = os.fspath(source)
    if os.path.isdir(path):
        found = [(os.path.join(path, name), name) for name in _within(path, filename_tmpl)]
        found = found or [(path, os.path.basename(os.path.abspath(path)))]
    elif is_video_name(path) or is_binary(path):
        found = [(path, os.path.basename(path))]
    else:
        entries = read_list(path, LineFormat())
        found = [(os.path.join(data_prefix, each.path), each.path) for each in entries]
    jobs = [Job(place, video_id_of(name)) for place, name in found]
    check_names(jobs)
    return jobs


def share_of(environ: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """Which share of the videos this process takes, and of how many shares.

    ``torchrun`` sets ``RANK`` and ``WORLD_SIZE``, a Slurm array ``SLURM_ARRAY_TASK_ID``,
    ``_COUNT``, ``_MIN`` and ``_STEP``; both at once multiply.

    Raises:
        ValueError: The numbers do not fit one another, as those of an array with gaps.
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
    """Do what is not finished, and go on after a video that fails, whatever the reason.

    The reason why a video failed is kept in ``out/ID.error`` until it succeeds.  While one is
    worked on there is ``out/ID.started``; where a process died over a video (decoders of damaged
    files do) it stays, and that video comes last the next time.

    Args:
        is_finished: Whether a video needs no work any more; asked before all work, and of each
            video again before its turn, since another process may have done it.
        work: Does it, calls back with what is done and how much there is, and returns the
            number of units.
        failures: More of what ``work`` raises where a video is bad, beside the exceptions that
            `mmvideomae.jobs.failures` knows.

    Yields:
        What became of the videos so far, after each of them.

    Raises:
        OSError: Nothing can be written in ``out``.
        Exception: What would fail every other video too, such as a full disk, or what
            ``is_finished`` raises but for an ``OSError``.
    """
    outcome = Outcome()
    waiting = []
    for job in jobs:
        if _is_done(job, is_finished):
            outcome.skipped.append(job.video_id)
        else:
            waiting.append(job)
    yield outcome.copy()
    if waiting:  # before hours of work
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
    """Delete what processes that died were writing."""
    for folder in folders:
        with contextlib.suppress(OSError, ValueError):  # a name that no folder can have
            remove_leftovers(folder)


def _is_done(job: Job, is_finished: Callable[[Job], bool]) -> bool:
    try:
        return is_finished(job)
    except OSError:  # a name that is too long: the work will fail, and tell why
        return False


def _was_started(job: Job, out: Path) -> bool:
    """Whether a process died over a video, or another is at it."""
    with contextlib.suppress(OSError):
        return file_of(job, out, '.started').is_file()
    return False


@contextlib.contextmanager
def _started(job: Job, out: Path) -> Iterator[None]:
    """Leave a file while a video is worked on."""
    path = file_of(job, out, '.started')
    with contextlib.suppress(OSError):  # too long a name; the work is what counts
        write_text(path, f'{job.path}: process {process_name()} is or was at work on it\n')
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            remove(path)


def _note(job: Job, out: Path, reason: str) -> None:
    """Keep the reason why a video failed; an empty one takes the old one away."""
    path = file_of(job, out, '.error')
    # The outcome tells the reason too, so that a name that no file can have loses nothing.
    with contextlib.suppress(OSError, ValueError):
        if reason:
            write_text(path, f'{job.path}: {reason}\n')
        else:
            remove(path)


def _within(folder: str, filename_tmpl: str) -> list[str]:
    """Videos, or else folders of frames, below a folder; none if it is one of frames itself."""
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
    """Refuse two videos of one name, and names that lead out of the output folder.

    Raises:
        AnnotationError: Names both.
        OutsideError: Such a name.
    """
    seen: dict[Path, str] = {}
    for job in jobs:
        place = inside(Path(), job.video_id)
        if place in seen:
            raise AnnotationError(
                f'what is made of {seen[place]} and of {job.path} would both be named '
                f'{place}: use different output folders'
            )
        seen[place] = job.path


def file_of(job: Job, out: Path, suffix: str) -> Path:
    """The file of a video in the output folder.

    Raises:
        OutsideError: The name of the video leads out of it.
    """
    return inside(out, f'{job.video_id}{suffix}')
