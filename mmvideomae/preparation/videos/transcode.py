"""Encode many videos anew so that clips at random places are cheap to read."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from mmvideomae import storage
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.video_folders import find_videos
from mmvideomae.jobs.failures import ends_all, lost
from mmvideomae.jobs.workers import Engine
from mmvideomae.preparation.videos.encoding import TranscodeSettings, encode

SETTINGS_FILE = 'transcode.json'


class Transcoding(NamedTuple):
    """One video: from where to where, and how."""

    source: str
    target: str
    settings: TranscodeSettings


class Done(NamedTuple):
    """One video that was worked on: its old path, what it took, or why there is no new one."""

    source: str
    frames: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    error: str = ''


def plan(source: Path, out: Path, settings: TranscodeSettings) -> list[Transcoding]:
    """Where the videos below a folder (or one file) go: the same tree, ``.mp4`` files.

    Raises:
        AnnotationError: No videos, two that would become the same file, or ``out``
            lies within ``source``.
    """
    if source.is_file():
        names, root = [source.name], source.parent
    else:
        names, root = find_videos(source), source
        if out.resolve().is_relative_to(source.resolve()):
            raise AnnotationError(f'{out} lies inside {source}: choose another folder')
    jobs: dict[str, Transcoding] = {}
    for name in names:
        target = os.path.join(out, os.path.splitext(name)[0] + '.mp4')
        if target in jobs:
            raise AnnotationError(f'{jobs[target].source} and {root / name} would be one {target}')
        jobs[target] = Transcoding(str(root / name), target, settings)
    return list(jobs.values())


def unfinished(
    jobs: Sequence[Transcoding], out: Path, overwrite: bool = False
) -> list[Transcoding]:
    """The jobs still to do; files appear whole, so one that stands is finished.

    Whoever writes into ``out`` holds it meanwhile, see `mmvideomae.storage.locked`.

    Raises:
        AnnotationError: ``out`` was made with other settings, and not ``overwrite``.
    """
    wanted = asdict(jobs[0].settings)
    note = out / SETTINGS_FILE
    standing = storage.read_note(note)
    if not overwrite and standing not in (None, wanted):
        raise AnnotationError(
            f'{out} was made with {standing}: choose another folder, the same settings, '
            'or --overwrite'
        )
    for folder in {Path(job.target).parent for job in jobs}:
        storage.remove_leftovers(folder)
    if standing not in (None, wanted):  # nothing of the old settings may pass for finished
        for job in jobs:
            storage.remove(Path(job.target))
    storage.write_note(note, wanted)
    return [job for job in jobs if overwrite or not os.path.exists(job.target)]


def transcode_all(
    jobs: Sequence[Transcoding], engine: Engine, timeout: float | None = None
) -> Iterator[Done]:
    """Transcode many videos; results come as they are ready, errors included.

    Raises:
        OSError: What would fail every other video too, such as a full disk.
    """
    # Workers write, and this process publishes: one that outlives it can do no harm.
    owner = storage.process_name()
    parts = [storage.temporary_path(Path(job.target), owner) for job in jobs]
    try:
        with closing(
            engine.run_jobs(_work, list(zip(jobs, parts, strict=True)), timeout)
        ) as all_of:
            for number, frames, error in all_of:
                if isinstance(frames, OSError):
                    raise frames
                yield _done(jobs[number], parts[number], frames, error)
    finally:
        for part in parts:
            storage.remove(part)


def _done(job: Transcoding, part: Path, frames: int | None, error: str) -> Done:
    """Publish what a worker wrote, if it did."""
    if error or frames is None:
        storage.remove(part)
        return Done(job.source, error=error)
    try:
        storage.publish(part, Path(job.target))
        return Done(job.source, frames, os.path.getsize(job.source), os.path.getsize(job.target))
    except OSError as failure:
        return Done(job.source, error=lost(failure))


def _work(task: tuple[Transcoding, Path]) -> int | OSError:
    """Encode in a worker process; what ends all work is returned, for errors lose their kind."""
    job, part = task
    try:
        return encode(job.source, part, job.settings)
    except OSError as error:
        if ends_all(error):
            return OSError(error.errno, error.strerror, job.target)
        raise


def transcode(job: Transcoding) -> Done:
    """Encode one video anew, without its sound, as H.264 with closed groups of pictures.

    The new file stands as a player shows the old one: turned, with square pixels, all pictures
    of the size of the first, each for as long.  Frame ``n`` of it is frame ``n`` of the old one
    unless the rate changes.

    Raises:
        ValueError: The video cannot be decoded to its end, or has no frames.
        OSError: The file cannot be read or written.
    """
    with storage.replacing(Path(job.target)) as part:
        frames = encode(job.source, part, job.settings)
    return Done(job.source, frames, os.path.getsize(job.source), os.path.getsize(job.target))
