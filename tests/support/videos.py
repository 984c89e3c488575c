"""Video files for tests: sound ones written with PyAV, and every kind of broken one."""

import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mmvideomae.synthetic.videos import moving_shapes

# Each is a file (or path) that a reader must refuse, naming it, in bounded time.
BROKEN_KINDS = (
    'truncated',
    'truncated_faststart',
    'missing_frames',
    'empty',
    'text',
    'audio_only',
    'missing',
    'directory',
    'unreadable',
)

_BITS = 12  # of the frame number that `numbered_frames` draws


def media_clip(name: str) -> Path | None:
    """Find a real clip, or None where the clips are absent (a test then skips).

    They are looked up in the folder ``$MMVIDEOMAE_MEDIA``, and without it in
    ``shared/media`` beside the repository.
    """
    beside = Path(__file__).resolve().parents[3] / 'shared' / 'media'
    path = Path(os.environ.get('MMVIDEOMAE_MEDIA') or beside) / name
    return path if path.is_file() else None


def numbered_frames(num_frames: int, height: int = 64, width: int = 64) -> np.ndarray:
    """Frames that carry their own number as black and white bars -> (T, H, W, 3) uint8.

    `frame_number` reads it back, also after lossy coding; numbers below 4096.
    """
    if not 0 < num_frames < 2**_BITS:
        raise ValueError(f'num_frames must be in 1..{2**_BITS - 1}, got {num_frames}')
    bits = (np.arange(num_frames)[:, None] >> np.arange(_BITS)) & 1  # (T, bits)
    bar = np.minimum(np.arange(width) * _BITS // width, _BITS - 1)
    line = (bits[:, bar] * 200 + 25).astype(np.uint8)  # (T, W)
    return np.ascontiguousarray(
        np.broadcast_to(line[:, None, :, None], (num_frames, height, width, 3))
    )


def frame_number(frame: np.ndarray) -> int:
    """Read the number that `numbered_frames` drew into a frame (H, W, 3)."""
    width = frame.shape[1]
    centres = ((np.arange(_BITS) + 0.5) * width / _BITS).astype(int)
    rows = frame[frame.shape[0] // 4 : -(frame.shape[0] // 4) or None]
    bits = rows[:, centres].astype(np.float32).mean(axis=(0, 2)) > 125
    return int((bits << np.arange(_BITS)).sum())


def write_video(
    path: str | os.PathLike[str],
    frames: np.ndarray,
    fps: float = 25.0,
    codec: str = 'libx264',
    gop: int = 12,
    bframes: int = 2,
    crf: int = 18,
    pix_fmt: str = 'yuv420p',
    seconds: Sequence[float] | None = None,
    last: float | None = None,
    aspect: Fraction = Fraction(1),
    rotation: int = 0,
    faststart: bool = False,
    audio: bool = False,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Encode frames (T, H, W, 3) uint8 RGB into a video file and return its path.

    Args:
        path: The extension chooses the container; parent folders are made.
        fps: Frames per second; with ``seconds`` only the nominal rate.
        gop: Largest distance between key frames.
        bframes: Consecutive B-frames at most (H.264 and H.265).
        crf: Quality, lower is better.
        seconds: Presentation time of every frame, ascending: variable rate.
        last: Seconds for which the last frame is shown, without B-frames.
        aspect: Width of a pixel by its height.
        rotation: 0, 90, 180 or 270: degrees clockwise by which a player turns the
            stored picture (mp4 and mov only).
        faststart: Index before the data (mp4) instead of behind it.
        audio: Add a sound track.
        options: More options of the encoder, such as ``{'x264-params': 'open-gop=1'}``.
    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
        raise ValueError(f'frames must be (T, H, W, 3) uint8, got {frames.shape} {frames.dtype}')
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = {'movflags': '+faststart'} if faststart else {}
    rate = Fraction(fps).limit_denominator(1001)
    time_base = Fraction(1, 90000) if seconds is not None else 1 / rate
    with av.open(str(path), 'w', options=flags) as container:
        coding = {**_codec_options(codec, bframes, crf), **(options or {})}
        stream = container.add_stream(codec, rate=rate, options=coding)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pix_fmt
        stream.codec_context.gop_size = gop
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = time_base
        stream.codec_context.sample_aspect_ratio = aspect
        sound = container.add_stream('aac', rate=16000, layout='mono') if audio else None
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format='rgb24')
            frame.pts = index if seconds is None else round(seconds[index] / time_base)
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        for packet in stream.encode():
            if last is not None and packet.pts == frame.pts:
                packet.duration = round(last / time_base)
            container.mux(packet)
        if sound is not None:
            _mux_tone(container, sound, len(frames) / float(rate))
    if rotation:
        _set_rotation(path, rotation)
    return path


def make_broken_video(kind: str, path: str | os.PathLike[str]) -> Path:
    """Make a broken file of one of `BROKEN_KINDS` at ``path`` and return the path.

    Root may read a file of kind ``unreadable`` all the same.
    """
    if kind not in BROKEN_KINDS:
        raise ValueError(f'unknown kind {kind!r}; choose from {", ".join(BROKEN_KINDS)}')
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == 'missing':
        path.unlink(missing_ok=True)
    elif kind == 'directory':
        path.mkdir(exist_ok=True)
    elif kind == 'empty':
        path.write_bytes(b'')
    elif kind == 'text':
        path.write_text('This is not a video, whatever its name says.\n' * 200)
    elif kind == 'audio_only':
        with av.open(str(path), 'w', format='mp4') as container:
            _mux_tone(container, container.add_stream('aac', rate=16000, layout='mono'), 1.0)
    else:
        write_video(path, moving_shapes(48), faststart=kind != 'truncated')
        _damage(path, kind)
    return path


def _damage(path: Path, kind: str) -> None:
    """Spoil a sound mp4 file in place."""
    data = path.read_bytes()
    if kind == 'truncated':  # the index lies behind the data and is lost
        path.write_bytes(data[: data.index(b'moov') - 4])
    elif kind == 'truncated_faststart':  # the index is whole, most of the data is lost
        start = data.index(b'mdat')
        path.write_bytes(data[: start + (len(data) - start) // 4])
    elif kind == 'missing_frames':  # the header lists frames whose data are noughts
        with av.open(str(path)) as container:
            third = [packet.pos for packet in container.demux(video=0)][2]
        path.write_bytes(data[:third] + bytes(len(data) - third))
    elif kind == 'unreadable':
        path.chmod(0)


def _codec_options(codec: str, bframes: int, crf: int) -> dict[str, str]:
    if codec == 'libx264':
        return {'crf': str(crf), 'bf': str(bframes), 'preset': 'veryfast', 'sc_threshold': '0'}
    if codec == 'libx265':
        return {'crf': str(crf), 'preset': 'ultrafast', 'x265-params': f'bframes={bframes}:pools=1'}
    if codec == 'libsvtav1':
        # With several threads, the encoder was once seen to wait for itself for ever.
        return {'crf': str(crf), 'preset': '12', 'svtav1-params': 'lp=1'}
    if codec in ('mpeg4', 'mpeg2video'):
        return {'bf': str(bframes), 'qscale': '3'}
    return {}


def _mux_tone(
    container: av.container.OutputContainer, stream: av.AudioStream, seconds: float
) -> None:
    """Write a 440 Hz sine of the given length into a sound track of 16 kHz."""
    times = np.arange(max(1024, int(16000 * seconds))) / 16000
    tone = (0.2 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)[None]
    for start in range(0, tone.shape[1], 1024):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(tone[:, start : start + 1024]), format='fltp', layout='mono'
        )
        frame.sample_rate = 16000
        frame.pts = start
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _set_rotation(path: Path, rotation: int) -> None:
    """Write a display matrix into the track header of an mp4 file."""
    turns = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
    if rotation not in turns:
        raise ValueError(f'rotation must be 0, 90, 180 or 270, got {rotation}')
    a, b, c, d = (value * 65536 for value in turns[rotation])
    matrix = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
    data = bytearray(path.read_bytes())
    # Version 0 of 'tkhd' holds the matrix 44 bytes after its name (ISO 14496-12, 8.3.2).
    start = data.index(b'tkhd') + 44
    data[start : start + 36] = b''.join(value.to_bytes(4, 'big', signed=True) for value in matrix)
    path.write_bytes(data)
