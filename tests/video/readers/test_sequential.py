"""For any file and order, the default reader returns what FFmpeg decodes from the start."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import PictureType

from mmvideomae.video.readers import open_reader
from tests.support.videos import frame_number, moving_shapes, numbered_frames, write_video

X264 = 'keyint=24:min-keyint=8:bframes=3:b-adapt=0'
X265 = 'log-level=0:pools=1:keyint=24:min-keyint=8'
X265_DEFAULTS = {'preset': 'medium', 'x265-params': 'log-level=0:pools=1'}  # a key each 250 frames
KINDS = {
    'closed.mp4': {'options': {'x264-params': f'{X264}:open-gop=0'}},
    'open.mp4': {'options': {'x264-params': f'{X264}:open-gop=1'}},
    'open.mkv': {'options': {'x264-params': f'{X264}:open-gop=1'}},
    'open.ts': {'options': {'x264-params': f'{X264}:open-gop=1'}},
    'pyramid.mp4': {'options': {'x264-params': 'keyint=30:bframes=5:b-pyramid=normal:ref=5'}},
    'refresh.mp4': {'options': {'x264-params': 'keyint=24:intra-refresh=1'}},
    'refresh.mkv': {'options': {'x264-params': 'keyint=24:intra-refresh=1'}},
    'refresh.ts': {'options': {'x264-params': 'keyint=24:intra-refresh=1'}},
    'deep.mp4': {'pix_fmt': 'yuv420p10le'},
    'open_deep.mkv': {'pix_fmt': 'yuv420p10le', 'options': {'x264-params': f'{X264}:open-gop=1'}},
    'x265.mp4': {'codec': 'libx265', 'options': {'x265-params': X265}},
    'x265.mkv': {'codec': 'libx265', 'options': {'x265-params': X265}},
    'x265_defaults.mp4': {'codec': 'libx265', 'gop': 250, 'options': X265_DEFAULTS},
    'x265_defaults.mkv': {'codec': 'libx265', 'gop': 250, 'options': X265_DEFAULTS},
    'x265.ts': {'codec': 'libx265', 'options': {'x265-params': X265}},
    'x265_deep.mkv': {
        'codec': 'libx265',
        'options': {'x265-params': X265},
        'pix_fmt': 'yuv420p10le',
    },
    'x265_refresh.mp4': {
        'codec': 'libx265',
        'options': {'x265-params': f'{X265}:intra-refresh=1'},
    },
    'vp9.webm': {'codec': 'libvpx-vp9'},
    'vp8.webm': {'codec': 'libvpx'},
    'vp9.mp4': {'codec': 'libvpx-vp9', 'options': {'lag-in-frames': '25', 'auto-alt-ref': '1'}},
    'av1.mp4': {'codec': 'libsvtav1'},
    'av1.mkv': {'codec': 'libsvtav1'},
    'av1_deep.mp4': {'codec': 'libsvtav1', 'pix_fmt': 'yuv420p10le'},
    'b_frames.avi': {'codec': 'mpeg4'},
    'no_b_frames.avi': {'codec': 'mpeg4', 'options': {'bf': '0'}},
    'h264.avi': {},
    'b_frames.mp4': {'codec': 'mpeg4'},
    'program.mpg': {'codec': 'mpeg2video'},
    'transport.ts': {'codec': 'mpeg2video'},
    'windows.wmv': {'codec': 'wmv2'},
    'flash.flv': {},
    'intra.mov': {'codec': 'prores', 'pix_fmt': 'yuv422p10le'},
    'bare.h264': {},
    'turned.mp4': {'rotation': 90},
    'full_range.mp4': {'pix_fmt': 'yuvj420p'},
    'full_range.mkv': {'codec': 'mjpeg', 'pix_fmt': 'yuvj420p'},
}
OPEN = ('open', 'x265')
ONE_KEY = ('x265_refresh.mp4',)
TIMELESS = ('program.mpg', 'b_frames.avi', 'h264.avi', 'bare.h264')  # FFmpeg makes times up


def decode_in_order(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Every frame as FFmpeg hands them out without any seek, and its seconds."""
    frames, seconds = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            picture = frame.to_ndarray(format='rgb24')
            frames.append(np.rot90(picture, round(frame.rotation / 90) % 4))
            seconds.append(frame.time or 0.0)
    return np.stack(frames), np.array(seconds) - seconds[0]


def restless(count: int) -> np.ndarray:
    """Frames (count, 64, 80, 3) in which everything moves: no picture passes for another."""
    noise = np.random.default_rng(2).integers(0, 40, (count, 64, 80, 3), np.uint8)
    return moving_shapes(count, 64, 80) // 2 + noise


def check_random_reads(path: Path, timed: bool = True) -> None:
    expected, seconds = decode_in_order(path)
    rng = np.random.default_rng(0)
    reader = open_reader(path)
    assert len(reader) == len(expected)
    if timed:
        np.testing.assert_allclose(reader.times, seconds, atol=1e-6)
    assert reader.fps == pytest.approx(len(expected) / reader.duration)
    last = len(expected) - 1
    for number in range(12):
        if number % 3 == 0:  # the state of a decoder shall not matter
            reader.close()
            reader = open_reader(path)
        wanted = rng.choice(len(expected), size=rng.integers(1, 9))
        if number % 3 == 0:  # a clip, in the longest files around their one late key frame
            wanted = np.clip(min(last - 9, 240) + np.arange(16), 0, last)
        np.testing.assert_array_equal(reader.read(wanted), expected[wanted])
    reader.close()


@pytest.mark.parametrize('name', KINDS)
def test_random_reads_equal_decoding_from_the_start(name: str, tmp_path: Path) -> None:
    kind = dict(KINDS[name])
    if kind.get('codec', 'libx264') not in av.codecs_available:
        pytest.skip(f'PyAV was built without {kind["codec"]}')
    count = 256 if 'defaults' in name else 60
    path = write_video(tmp_path / name, restless(count), **kind)
    check_that_it_is_there(name, path, 10 if '10le' in kind.get('pix_fmt', '') else 8)
    check_random_reads(path, timed=name not in TIMELESS)
    with open_reader(path) as reader:
        np.testing.assert_allclose(reader.times, np.arange(count) / 25, atol=1.1e-3)


def check_that_it_is_there(name: str, path: Path, depth: int) -> None:
    """The encoder did what makes the kind."""
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.format.components[0].bits == depth
        packets = [packet for packet in container.demux(video=0) if packet.size]
    keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
    assert len(keys) > 1 or name in ONE_KEY
    if name.startswith('refresh'):  # no later key frame is a whole picture
        with av.open(str(path)) as container:
            whole = [frame.pict_type == PictureType.I for frame in container.decode(video=0)]
        assert sum(whole) == 1
    if name.startswith(OPEN) and name not in ONE_KEY:
        # What is stored behind a key frame and shown before it may need pictures before both.
        places = [key for key in keys[1:] if key + 1 < len(packets)]
        assert any(packets[key + 1].pts < packets[key].pts for key in places)


@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv', 'a.mov', 'a.ts'])
def test_variable_rate(name: str, tmp_path: Path) -> None:
    """Frames have their own times, and the rate is their number by what they last."""
    seconds = np.cumsum(np.random.default_rng(1).integers(10, 400, 50)) / 1000
    path = write_video(tmp_path / name, numbered_frames(50), seconds=seconds)
    check_random_reads(path)
    with open_reader(path) as reader:
        np.testing.assert_allclose(reader.times, seconds - seconds[0], atol=1.1e-3)
        assert reader.duration >= reader.times[-1]
        assert reader.fps == pytest.approx(50 / (seconds[-1] - seconds[0]), rel=0.1)


def test_a_gap_of_a_day_is_a_gap(tmp_path: Path) -> None:
    seconds = [number / 25 + 86400 * (number > 20) for number in range(40)]
    path = write_video(tmp_path / 'a.mkv', numbered_frames(40), seconds=seconds)
    check_random_reads(path)
    with open_reader(path) as reader:
        assert reader.times[21] == pytest.approx(86400 + 21 / 25, abs=2e-3)


TRIMS = [(0, 50), (45, 55), (45, 20), (40, 60), (1, 99), (99, 1)]


@pytest.mark.parametrize(('first', 'count'), TRIMS)
def test_trimmed_without_encoding(first: int, count: int, tmp_path: Path) -> None:
    """QuickTime and phones keep all samples; an edit list says which are shown."""
    path = write_video(tmp_path / 'a.mp4', numbered_frames(100), gop=20)
    edit(path, [(first, count)])
    with open_reader(path) as reader:
        numbers = [frame_number(frame) for frame in reader.read(range(len(reader)))]
        assert numbers == list(range(first, first + count))
        np.testing.assert_allclose(reader.times, np.arange(count) / 25, atol=1e-4)
    check_random_reads(path)


@pytest.mark.parametrize('edits', [[(10, 20), (60, 20)], [(60, 20), (10, 20)], [(5, 9), (5, 9)]])
def test_several_parts_are_shown_in_their_order(
    edits: list[tuple[int, int]], tmp_path: Path
) -> None:
    path = write_video(tmp_path / 'a.mp4', numbered_frames(100), gop=20)
    edit(path, edits)
    expected, _ = decode_in_order(path)
    with open_reader(path) as reader:
        np.testing.assert_array_equal(reader.read(range(len(reader))), expected)


def edit(path: Path, parts: list[tuple[int, int]]) -> None:
    """Make an edit list show parts of a video at 25 frames per second: first frame and count."""
    data = bytearray(path.read_bytes())
    start = data.index(b'elst')
    scale = struct.unpack_from('>I', data, data.index(b'mdhd') + 16)[0]
    begin = struct.unpack_from('>i', data, start + 16)[0]
    rows = b''.join(
        struct.pack('>IiI', count * 40, begin + round(first / 25 * scale), 1 << 16)
        for first, count in parts
    )
    more = len(rows) - 12
    data[start + 8 : start + 24] = struct.pack('>I', len(parts)) + rows
    places = [start - 4, data.index(b'edts') - 4, data.index(b'trak') - 4, data.index(b'moov') - 4]
    for place in places:  # the boxes that hold the list have grown
        struct.pack_into('>I', data, place, struct.unpack_from('>I', data, place)[0] + more)
    path.write_bytes(data)
