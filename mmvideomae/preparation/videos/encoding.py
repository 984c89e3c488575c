"""Re-encode a video: its size, its colours and the times of its frames."""

import errno
import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from mmvideomae.video.all_frames import AllFrames
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.readers.pictures import orientation

# Of a second, where frames keep their times; MPEG-4 has 16 bits for them.
_TICKS = {'h264': (90000, 1000), 'mpeg4': (60000, 1000)}
_ENCODERS = {'h264': 'libx264', 'mpeg4': 'mpeg4'}
_LONGEST_TICKS = 2**31 - 1  # of a frame in an MP4
_MOST_REPEATS = 10_000  # of a frame at a constant rate
_UNEVEN = 0.002  # differences in seconds of frame durations that are more than rounding
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
        crf: Quality of x264, or MPEG-4's quantizer, 1 to 31; lower is better and larger.
        preset: Effort of x264.
        x264: More of its settings, as ``name=value`` with colons between.
        codec: ``'h264'``, or ``'mpeg4'`` (MPEG-4 part 2).
    """

    short_side: int = 256
    gop: int = 12
    fps: float | None = None
    crf: int = 20
    preset: str = 'fast'
    x264: str = ''
    codec: str = 'h264'

    def __post_init__(self) -> None:
        rated = self.fps is None or (math.isfinite(self.fps) and 0.001 <= self.fps <= 1000)
        if self.codec not in _ENCODERS or (self.codec == 'mpeg4' and not 1 <= self.crf <= 31):
            raise ValueError(
                f'codec must be h264, or mpeg4 with a quantizer (crf) of 1 to 31, got '
                f'{self.codec} with {self.crf}'
            )
        if self.short_side < 2 or self.gop < 1 or not rated:
            raise ValueError(
                'short side and key-frame interval must be positive, and the rate must be between '
                f'0.001 and 1000, got {self.short_side} pixels, {self.gop} frames, '
                f'{self.fps} frames per second'
            )


# Neither arithmetic coding nor deblocking nor weighted prediction; of four frames three are no
# reference, so that they are passed over where they are not wanted, and the key frame is near.
_QUICK = 'cabac=0:no-deblock=1:weightp=0:weightb=0:bframes=3:b-adapt=0:b-pyramid=none:scenecut=0'
PRESETS = {
    'general': TranscodeSettings(),
    'training': TranscodeSettings(gop=8, crf=26, x264=_QUICK),
    'training-fast': TranscodeSettings(gop=1, crf=8, codec='mpeg4'),
}
"""Settings by what the new files are for."""


class _Schedule(NamedTuple):
    """Times at which frames of the new file appear.

    Attributes:
        ticks: Ticks per second.
        starts: Tick at which each frame of the old file appears, and the end, (F + 1,).
        repeated: Whether a frame is written again for every tick.
    """

    ticks: Fraction
    starts: np.ndarray
    repeated: bool

    @property
    def even(self) -> bool:
        """Whether all frames of the new file have the same duration."""
        return self.repeated or bool(np.ptp(np.diff(self.starts)) <= _UNEVEN * self.ticks)

    @property
    def rate(self) -> Fraction:
        """Frames per second, on average."""
        if self.repeated:
            return self.ticks
        return (len(self.starts) - 1) * self.ticks / int(self.starts[-1])


def _schedule(
    times: np.ndarray, duration: float, fps: float | None, kept: tuple[int, ...]
) -> _Schedule:
    """Place frames that appear at ``times``, in seconds, in the new file.

    Args:
        kept: Ticks of a second where frames keep their times, the first that fit.

    Raises:
        ValueError: A frame lasts too long for the new file.
    """
    ends = np.append(times, max(duration, times[-1]))
    longest = int(np.diff(ends).argmax())
    seconds = float(np.diff(ends)[longest])
    if fps is None:
        ticks = next((ticks for ticks in kept if seconds * ticks <= _LONGEST_TICKS), None)
        if ticks is None:
            raise ValueError(f'frame {longest} lasts {seconds:.0f} s, longer than MP4 allows')
        order = np.arange(len(ends))
        starts = np.maximum.accumulate(np.rint(ends * ticks).astype(np.int64) - order) + order
        return _Schedule(Fraction(ticks), starts, repeated=False)
    rate = Fraction(fps).limit_denominator(1001)
    # A tick shows the frame in its middle; the small number compensates for rounding.
    starts = np.floor(ends * float(rate) + 0.5 + 1e-6).astype(np.int64)
    starts[-1] = max(starts[-1], 1)
    if np.diff(starts).max() > _MOST_REPEATS:
        raise ValueError(
            f'frame {longest} lasts {seconds:.0f} s, which would be written as '
            f'{int(np.diff(starts).max())} frames at {fps:g} frames per second: split the video '
            'there, or omit the rate to keep the times of its frames'
        )
    return _Schedule(rate, starts, repeated=True)


def encode(video: str, new: Path, settings: TranscodeSettings) -> int:
    """Write the new file and return its number of frames.

    Raises:
        ValueError: The video cannot be decoded to its end, or has no frames.
        OSError: A file cannot be read or written.
    """
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        source = AllFrames(video)
        ticks = _TICKS[settings.codec]
        schedule = _schedule(source.times, source.duration, settings.fps, ticks)
        options = {'movflags': '+faststart'}
        with av.open(f'file:{new}', 'w', format='mp4', options=options) as container:
            return _write(container, source, schedule, settings)
    except VideoReadError as error:
        raise ValueError(error.reason) from None
    except av.FFmpegError as error:
        if isinstance(error, OSError) and error.errno in errno.errorcode:
            raise OSError(error.errno, error.strerror) from None
        raise ValueError(error.strerror) from None  # the rest of the message is a path


def _write(
    container: av.container.OutputContainer,
    source: AllFrames,
    schedule: _Schedule,
    settings: TranscodeSettings,
) -> int:
    scaler: _Scaler | None = None
    output: av.VideoStream | None = None
    lasting: dict[int, int] = {}  # durations in ticks of the frames in the encoder, keyed by start
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
    """Rotate and shrink all frames to one size.

    Args:
        frame: The first frame.
        width: The width with which it is shown before rotation.
        short_side: Maximum of the new frames' shorter side in pixels.

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
        if kind != self._kind:  # may change within a file
            self._graph, self._kind = self._filters(frame), kind
        self._graph.push(frame)
        new = self._graph.pull()
        new.pict_type = 0  # otherwise the encoder would keep the old key frames
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
    rate = max(schedule.rate.limit_denominator(1001), Fraction(1, 1001))
    options = _options(settings, schedule.even)
    stream = container.add_stream(_ENCODERS[settings.codec], rate=rate, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = 'yuv420p'
    context = stream.codec_context
    context.gop_size, context.thread_count = settings.gop, 1
    context.time_base = 1 / schedule.ticks
    context.sample_aspect_ratio = Fraction(1)
    context.colorspace = _MATRIX
    return stream


def _options(settings: TranscodeSettings, even: bool) -> dict[str, str]:
    """Of the encoder, for frames that last equally long or not."""
    if settings.codec == 'mpeg4':
        return {'qmin': str(settings.crf), 'qmax': str(settings.crf), 'bf': '0'}
    parts = ['open-gop=0', settings.x264]
    if not even:
        # MP4 tells how long frames last in decoding order; only in the order of presentation
        # is that how long each of them is shown.
        parts.append('bframes=0')
    parameters = ':'.join(filter(None, parts))
    return {'crf': str(settings.crf), 'preset': settings.preset, 'x264-params': parameters}
