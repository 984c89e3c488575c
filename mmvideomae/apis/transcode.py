"""Encode videos anew so that clips at random places are cheap to read."""

import contextlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.video.reformatter import ColorRange, Colorspace

from mmvideomae.apis.workers import run_jobs
from mmvideomae.datasets.annotations import AnnotationError, find_videos
from mmvideomae.datasets.readers import VideoReadError
from mmvideomae.datasets.readers.av_container import open_container

SETTINGS_FILE = 'transcode.json'
_TIME_BASE = Fraction(1, 90000)
# Colours of all new files, and what readers suppose where a file does not say.
_MATRIX = Colorspace.SMPTE170M


@dataclass(frozen=True)
class TranscodeSettings:
    """How every video is encoded.

    Attributes:
        short_side: Pixels of the shorter side at most; smaller videos keep their size.
        gop: Frames from one key frame to the next at most.
        fps: Constant frames per second; None keeps every frame at its time.
        crf: Quality of x264; lower is better and larger.
        preset: Effort of x264.
    """

    short_side: int = 256
    gop: int = 12
    fps: float | None = None
    crf: int = 20
    preset: str = 'fast'

    def __post_init__(self) -> None:
        if self.short_side < 2 or self.gop < 1 or (self.fps is not None and self.fps <= 0):
            raise ValueError(
                'short side, key-frame interval and rate must be positive, got '
                f'{self.short_side} pixels, {self.gop} frames, {self.fps} frames per second'
            )


class Job(NamedTuple):
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


def plan(source: Path, out: Path, settings: TranscodeSettings) -> list[Job]:
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
    jobs: dict[str, Job] = {}
    for name in names:
        target = os.path.join(out, os.path.splitext(name)[0] + '.mp4')
        if target in jobs:
            raise AnnotationError(f'{jobs[target].source} and {root / name} would be one {target}')
        jobs[target] = Job(str(root / name), target, settings)
    return list(jobs.values())


def unfinished(jobs: Sequence[Job], out: Path, overwrite: bool = False) -> list[Job]:
    """The jobs still to do; files appear whole, so one that stands is finished.

    Raises:
        AnnotationError: ``out`` was made with other settings, and not ``overwrite``.
    """
    wanted = asdict(jobs[0].settings)
    note = out / SETTINGS_FILE
    standing = json.loads(note.read_text()) if note.is_file() else None
    if not overwrite and standing not in (None, wanted):
        raise AnnotationError(
            f'{out} was made with {standing}: choose another folder, the same settings, '
            'or --overwrite'
        )
    out.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(wanted))
    if standing not in (None, wanted):  # nothing of the old settings may pass for finished
        for job in jobs:
            Path(job.target).unlink(missing_ok=True)
    return [job for job in jobs if overwrite or not os.path.exists(job.target)]


def transcode_all(
    jobs: Sequence[Job], workers: int, timeout: float | None = None
) -> Iterator[Done]:
    """Transcode in worker processes; results come as they are ready, errors included."""
    for outcome in run_jobs(transcode, jobs, workers, timeout):
        yield outcome.value or Done(jobs[outcome.job].source, error=outcome.error)


def transcode(job: Job) -> Done:
    """Encode one video anew, without its sound, as H.264 with closed groups of pictures.

    The new file stands as a player shows the old one (rotation is applied), and
    frame ``n`` of it is frame ``n`` of the old one unless the rate changes.

    Raises:
        ValueError: The video cannot be decoded to its end, or has no frames.
        OSError: The file cannot be read or written.
    """
    part = Path(job.target + '.part')
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        frames = _encode(job, part)
        os.replace(part, job.target)
    except VideoReadError as error:
        raise ValueError(error.reason) from None  # the rest of its message is a path
    except av.FFmpegError as error:
        raise ValueError(error.strerror) from None
    finally:
        part.unlink(missing_ok=True)
    return Done(job.source, frames, os.path.getsize(job.source), os.path.getsize(job.target))


def _encode(job: Job, part: Path) -> int:
    count = 0
    with (
        open_container(job.source) as old,
        av.open(str(part), 'w', format='mp4', options={'movflags': '+faststart'}) as new,
    ):
        stream = old.streams.best('video')
        if stream is None or stream.codec_context is None:
            raise ValueError('it holds no video stream that can be decoded')
        stream.codec_context.thread_count = 1
        output: av.VideoStream | None = None
        for frame in _filtered(_timed(old, stream), stream, job.settings):
            if output is None:
                output = _add_stream(new, frame, stream, job.settings)
            frame.pict_type = 0  # or the encoder would repeat the old key frames
            frame.colorspace = _MATRIX
            new.mux(output.encode(frame))
            count += 1
        if output is None:
            raise ValueError('it holds no frame that can be decoded')
        new.mux(output.encode())
    return count


def _timed(
    container: av.container.InputContainer, stream: av.VideoStream
) -> Iterator[av.VideoFrame]:
    """Decode all frames, with times that ascend."""
    step = max(1, round(1 / (_rate(stream) * _TIME_BASE)))
    # Times of AVI and MPEG program streams are guesses; their pictures follow
    # one another at a constant rate.
    trusted = container.format.name not in ('avi', 'mpeg')
    last = -step
    for frame in _decoded(container, stream):
        time = last + step
        if trusted and frame.pts is not None:
            time = max(last + 1, round(frame.pts * frame.time_base / _TIME_BASE))
        frame.pts, frame.time_base = time, _TIME_BASE
        last = time
        yield frame


def _decoded(
    container: av.container.InputContainer, stream: av.VideoStream
) -> Iterator[av.VideoFrame]:
    held = 0
    for packet in container.demux(stream):
        held += bool(packet.size)
        yield from packet.decode()
    if 'mp4' in container.format.name and held < stream.frames:
        raise ValueError(f'it lists {stream.frames} frames but holds {held}')


def _rate(stream: av.VideoStream) -> Fraction:
    return stream.average_rate or stream.guessed_rate or Fraction(25)


def _filtered(
    frames: Iterable[av.VideoFrame], stream: av.VideoStream, settings: TranscodeSettings
) -> Iterator[av.VideoFrame]:
    """Turn, shrink and resample frames."""
    graph: av.filter.Graph | None = None
    for frame in frames:
        if graph is None:
            graph = _graph(frame, settings)
        graph.push(frame)
        yield from _pull(graph)
    if graph is not None:
        graph.push(None)
        yield from _pull(graph)


def _pull(graph: av.filter.Graph) -> Iterator[av.VideoFrame]:
    with contextlib.suppress(av.BlockingIOError, av.EOFError):
        while True:
            yield graph.pull()


def _graph(frame: av.VideoFrame, settings: TranscodeSettings) -> av.filter.Graph:
    turns = round(frame.rotation / 90) % 4  # against the clock
    height, width = (frame.height, frame.width) if turns % 2 == 0 else (frame.width, frame.height)
    scale = min(1.0, settings.short_side / min(height, width))
    size = [max(2, int(side * scale + 1e-6) // 2 * 2) for side in (width, height)]  # even
    steps = [('transpose', 'dir=cclock')] * turns
    full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith('yuvj')
    colours = 'out_color_matrix=smpte170m' + (':in_range=full:out_range=limited' if full else '')
    steps.append(('scale', f'w={size[0]}:h={size[1]}:flags=bicubic:{colours}'))
    steps.append(('setsar', '1'))
    if settings.fps is not None:
        steps.append(('fps', f'fps={Fraction(settings.fps).limit_denominator(1001)}'))
    steps.append(('format', 'pix_fmts=yuv420p'))
    graph = av.filter.Graph()
    nodes = [
        graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=_TIME_BASE
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
    frame: av.VideoFrame,
    source: av.VideoStream,
    settings: TranscodeSettings,
) -> av.VideoStream:
    rate = _rate(source)
    if settings.fps is not None:
        rate = Fraction(settings.fps).limit_denominator(1001)
    options = {'crf': str(settings.crf), 'preset': settings.preset, 'x264-params': 'open-gop=0'}
    stream = container.add_stream('libx264', rate=rate, options=options)
    stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, 'yuv420p'
    stream.codec_context.gop_size = settings.gop
    stream.codec_context.thread_count = 1
    stream.codec_context.time_base = frame.time_base
    stream.codec_context.colorspace = _MATRIX
    return stream
