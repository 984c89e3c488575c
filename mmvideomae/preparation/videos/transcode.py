"""Encode videos anew so that clips at random places are cheap to read."""

import errno
import itertools
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from mmvideomae import storage
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.video_folders import find_videos
from mmvideomae.jobs.failures import ends_all, lost
from mmvideomae.jobs.workers import run_jobs
from mmvideomae.video.all_frames import AllFrames
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.readers.pictures import orientation

SETTINGS_FILE = 'transcode.json'
_TICKS = (90000, 1000)  # a second, where frames keep their times
_LONGEST_TICKS = 2**31 - 1  # of a frame in an MP4
_MOST_REPEATS = 10_000  # of a frame at a constant rate
_UNEVEN = 0.002  # seconds by which frames last unequally, and not for want of digits
# Colours of all new files, and what readers suppose where a file does not say.
_MATRIX = Colorspace.SMPTE170M


@dataclass(frozen=True)
class TranscodeSettings:
    """How every video is encoded.

    Attributes:
        short_side: Pixels of the shorter side at most; smaller videos keep their size.
        gop: Frames from one key frame to the next at most.
        fps: Constant frames per second, each with the picture that is on show in the middle of
            its time; None keeps every frame at its time.
        crf: Quality of x264; lower is better and larger.
        preset: Effort of x264.
    """

    short_side: int = 256
    gop: int = 12
    fps: float | None = None
    crf: int = 20
    preset: str = 'fast'

    def __post_init__(self) -> None:
        rated = self.fps is None or (math.isfinite(self.fps) and 0.001 <= self.fps <= 1000)
        if self.short_side < 2 or self.gop < 1 or not rated:
            raise ValueError(
                'short side and key-frame interval must be positive, and the rate must lie between '
                f'0.001 and 1000, got {self.short_side} pixels, {self.gop} frames, '
                f'{self.fps} frames per second'
            )


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
    jobs: Sequence[Transcoding], workers: int, timeout: float | None = None
) -> Iterator[Done]:
    """Transcode in worker processes; results come as they are ready, errors included.

    Raises:
        OSError: What would fail every other video too, such as a full disk.
    """
    # Workers write, and this process publishes: one that outlives it can do no harm.
    owner = storage.process_name()
    parts = [storage.temporary_path(Path(job.target), owner) for job in jobs]
    try:
        with closing(
            run_jobs(_work, list(zip(jobs, parts, strict=True)), workers, timeout)
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


def _work(job: tuple[Transcoding, Path]) -> int | OSError:
    """Encode in a worker process; what ends all work is returned, for errors lose their kind."""
    try:
        return _encode(*job)
    except OSError as error:
        if ends_all(error):
            return OSError(error.errno, error.strerror, job[0].target)
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
        frames = _encode(job, part)
    return Done(job.source, frames, os.path.getsize(job.source), os.path.getsize(job.target))


class _Schedule(NamedTuple):
    """When frames of the new file appear.

    Attributes:
        ticks: Of a second.
        starts: Tick at which each frame of the old file appears, and the end, (F + 1,).
        repeated: Whether a frame is written anew for every tick.
    """

    ticks: Fraction
    starts: np.ndarray
    repeated: bool

    @property
    def even(self) -> bool:
        """Whether all frames of the new file last equally long."""
        return self.repeated or bool(np.ptp(np.diff(self.starts)) <= _UNEVEN * self.ticks)

    @property
    def rate(self) -> Fraction:
        """Frames per second, on average."""
        if self.repeated:
            return self.ticks
        return (len(self.starts) - 1) * self.ticks / int(self.starts[-1])


def _schedule(times: np.ndarray, duration: float, fps: float | None) -> _Schedule:
    """Place frames that appear at ``times``, in seconds, in the new file.

    Raises:
        ValueError: A frame lasts too long for the new file.
    """
    ends = np.append(times, max(duration, times[-1]))
    longest = int(np.diff(ends).argmax())
    seconds = float(np.diff(ends)[longest])
    if fps is None:
        ticks = next((ticks for ticks in _TICKS if seconds * ticks <= _LONGEST_TICKS), None)
        if ticks is None:
            raise ValueError(f'frame {longest} lasts {seconds:.0f} s, longer than MP4 allows')
        order = np.arange(len(ends))
        starts = np.maximum.accumulate(np.rint(ends * ticks).astype(np.int64) - order) + order
        return _Schedule(Fraction(ticks), starts, repeated=False)
    rate = Fraction(fps).limit_denominator(1001)
    # A tick shows what is on show in its middle; the small number is for what is not exact.
    starts = np.floor(ends * float(rate) + 0.5 + 1e-6).astype(np.int64)
    starts[-1] = max(starts[-1], 1)
    if np.diff(starts).max() > _MOST_REPEATS:
        raise ValueError(
            f'frame {longest} lasts {seconds:.0f} s, which would be written as '
            f'{int(np.diff(starts).max())} frames at {fps:g} frames per second: split the video '
            'there, or keep the times of its frames by leaving the rate out'
        )
    return _Schedule(rate, starts, repeated=True)


def _encode(job: Transcoding, part: Path) -> int:
    """Write the new file, and return how many frames it has."""
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        source = AllFrames(job.source)
        schedule = _schedule(source.times, source.duration, job.settings.fps)
        options = {'movflags': '+faststart'}
        with av.open(f'file:{part}', 'w', format='mp4', options=options) as new:
            return _write(new, source, schedule, job.settings)
    except VideoReadError as error:
        raise ValueError(error.reason) from None
    except av.FFmpegError as error:
        if isinstance(error, OSError) and error.errno in errno.errorcode:
            raise OSError(error.errno, error.strerror) from None
        raise ValueError(error.strerror) from None  # the rest of its message is a path


def _write(
    container: av.container.OutputContainer,
    source: AllFrames,
    schedule: _Schedule,
    settings: TranscodeSettings,
) -> int:
    scaler: _Scaler | None = None
    output: av.VideoStream | None = None
    lasting: dict[int, int] = {}  # ticks of the frames inside the encoder, by their start
    written = 0

    def mux(packets: list[av.Packet]) -> None:
        for packet in packets:
            packet.duration = lasting.pop(packet.pts)
            container.mux(packet)

    for number, (frame, width) in enumerate(source):
        start, end = schedule.starts[number : number + 2].tolist()
        if scaler is None or output is None:
            scaler = _Scaler(frame, width, settings.short_side)
            output = _add_stream(container, scaler.size, schedule, settings)
        if start == end:
            continue
        new = scaler(frame)
        for tick in range(start, end) if schedule.repeated else [start]:
            lasting[tick] = 1 if schedule.repeated else end - start
            new.pts, new.time_base = tick, 1 / schedule.ticks
            mux(output.encode(new))
            written += 1
    if output is not None:
        mux(output.encode())
    return written


class _Scaler:
    """Turn and shrink frames, all to one size.

    Args:
        frame: The first.
        width: That it is shown with, before it is turned.
        short_side: Of the new frames at most, in pixels.

    Attributes:
        size: Width and height of the new frames.
    """

    def __init__(self, frame: av.VideoFrame, width: int, short_side: int) -> None:
        sides = (width, frame.height)
        if orientation(frame)[0] % 2:
            sides = (frame.height, width)
        scale = min(1.0, short_side / min(sides))
        self.size = tuple(max(2, int(side * scale + 1e-6) // 2 * 2) for side in sides)  # even
        self._kind: tuple[object, ...] = ()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        picture = (frame.width, frame.height, frame.format.name, frame.color_range)
        kind = (*picture, *orientation(frame))
        if kind != self._kind:  # also within a file
            self._graph, self._kind = self._filters(frame), kind
        self._graph.push(frame)
        new = self._graph.pull()
        new.pict_type = 0  # or the encoder would repeat the old key frames
        new.colorspace = _MATRIX
        return new

    def _filters(self, frame: av.VideoFrame) -> av.filter.Graph:
        full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith('yuvj')
        colours = 'out_color_matrix=smpte170m' + (
            ':in_range=full:out_range=limited' if full else ''
        )
        width, height = self.size
        turns, mirrored = orientation(frame)
        steps = [('hflip', '')] * mirrored + [('transpose', 'dir=cclock')] * turns
        steps.append(('scale', f'w={width}:h={height}:flags=bicubic:{colours}'))
        steps += [('setsar', '1'), ('format', 'pix_fmts=yuv420p')]
        graph = av.filter.Graph()
        nodes = [
            graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base or Fraction(1, 1000),
            )
        ]
        nodes += [graph.add(name, text) for name, text in steps]
        nodes.append(graph.add('buffersink'))
        for before, after in itertools.pairwise(nodes):
            before.link_to(after)
        graph.configure()
        return graph


def _add_stream(
    container: av.container.OutputContainer,
    size: tuple[int, ...],
    schedule: _Schedule,
    settings: TranscodeSettings,
) -> av.VideoStream:
    options = {'crf': str(settings.crf), 'preset': settings.preset, 'x264-params': 'open-gop=0'}
    if not schedule.even:
        # MP4 tells how long frames last in decoding order; only in the order of presentation
        # is that how long each of them is shown.
        options['bf'] = '0'
    rate = schedule.rate.limit_denominator(1001)
    stream = container.add_stream('libx264', rate=max(rate, Fraction(1, 1001)), options=options)
    stream.width, stream.height = size
    stream.pix_fmt = 'yuv420p'
    context = stream.codec_context
    context.gop_size, context.thread_count = settings.gop, 1
    context.time_base = 1 / schedule.ticks
    context.sample_aspect_ratio = Fraction(1)
    context.colorspace = _MATRIX
    return stream
