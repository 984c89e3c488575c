"""The PyAV reader is exact even if times mislead, and decodes no more than necessary."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mmvideomae.video.readers.base import VideoReadError
from mmvideomae.video.readers.decoding import Decoding
from mmvideomae.video.readers.packet_index import PacketIndex
from mmvideomae.video.readers.pyav_reader import PyAVReader
from tests.support.videos import frame_number, numbered_frames, write_video


def check_numbers(path: Path, numbers: list[int]) -> None:
    """All frames, and each fourth by a reader of its own, carry the numbers expected."""
    with PyAVReader(path) as reader:
        assert len(reader) == len(numbers)
        assert [frame_number(f) for f in reader.read(range(len(reader)))] == numbers
    for index in range(0, len(numbers), 4):
        with PyAVReader(path) as reader:
            assert frame_number(reader.read([index])[0]) == numbers[index], index


def remux(source: Path, target: Path, change: dict[int, bytes], shift: int = 0) -> Path:
    """Copy packets, giving some new contents and all earlier times (units of the stream)."""
    options = {'avoid_negative_ts': 'disabled'}
    with av.open(str(source)) as old, av.open(str(target), 'w', options=options) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        packets = (packet for packet in old.demux(video=0) if packet.size)
        for number, packet in enumerate(packets):
            copy = av.Packet(change.get(number, bytes(packet)))
            copy.pts, copy.dts = packet.pts - shift, packet.dts - shift
            copy.time_base, copy.duration = packet.time_base, packet.duration
            copy.is_keyframe, copy.stream = packet.is_keyframe, stream
            new.mux(copy)
    return target


def test_edit_list_hides_frames(tmp_path: Path) -> None:
    """A cut without re-encoding begins before its first shown frame."""
    whole = write_video(tmp_path / 'whole.mp4', numbered_frames(40))
    with av.open(str(whole)) as container:
        step = int(1 / (container.streams.video[0].time_base * 25))
    check_numbers(remux(whole, tmp_path / 'cut.mp4', {}, 5 * step), list(range(5, 40)))


def test_packets_without_a_picture_are_no_frames(tmp_path: Path) -> None:
    """MPEG-4 encoders say "nothing changed" in a packet that decodes to nothing."""
    whole = write_video(tmp_path / 'a.avi', numbered_frames(40), codec='mpeg4', bframes=0)
    nothing = bytes([0, 0, 1, 0xB6, 0x51, 0xCF])
    path = remux(whole, tmp_path / 'b.avi', {20: nothing, 21: nothing})
    with PyAVReader(path) as reader:
        assert len(reader) == 38
        assert frame_number(reader.read([19])[0]) == 19


@pytest.mark.parametrize('name', ['plain.mp4', 'demuxed.ts'])
def test_late_frame_is_read_from_its_key_frame(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / name, numbered_frames(120), gop=12)
    packets = []
    original = Decoding._packets

    def counted(*given: Any) -> Iterator[av.Packet]:
        for packet in original(*given):
            packets.append(packet)
            yield packet

    with PyAVReader(path) as reader:
        monkeypatch.setattr(Decoding, '_packets', counted)
        assert [frame_number(f) for f in reader.read([100, 117])] == [100, 117]
    assert len(packets) <= 2 * 12 + 2


@pytest.mark.parametrize('codec', ['libx265', 'mpeg4'])
def test_key_frames_that_are_none_start_nothing(codec: str, tmp_path: Path) -> None:
    """Without its list of key frames, an MP4 calls every packet one."""
    path = write_video(tmp_path / 'a.mp4', numbered_frames(40), codec=codec)
    path.write_bytes(path.read_bytes().replace(b'stss', b'free'))
    with av.open(str(path)) as container:
        assert all(packet.is_keyframe for packet in container.demux(video=0) if packet.size)
    check_numbers(path, list(range(40)))


def test_unneeded_pictures_are_not_decoded(tmp_path: Path) -> None:
    """B-frames that nothing refers to leave the same pixels when they are passed over."""
    path = write_video(tmp_path / 'a.mp4', numbered_frames(60), gop=60, bframes=3)
    with PyAVReader(path) as reader:
        np.testing.assert_array_equal(
            reader.read(range(0, 60, 7)), reader.read(range(60))[range(0, 60, 7)]
        )


def test_frames_that_do_not_decode_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / 'a.mp4', numbered_frames(24), gop=1, bframes=0)
    original = Decoding._packets

    def without_ten(self: Decoding, index: PacketIndex, *given: int) -> Iterator[av.Packet]:
        packets = original(self, index, *given)
        return (packet for packet in packets if packet.pts != index.pts[10])

    monkeypatch.setattr(Decoding, '_packets', without_ten)
    with PyAVReader(path) as reader:
        with pytest.raises(VideoReadError, match='frame 10 of 24 could not be decoded'):
            reader.read([3, 10])
        assert frame_number(reader.read([3])[0]) == 3  # the reader stays usable


@pytest.mark.parametrize(
    ('name', 'codec'),
    [('a.ts', 'libx264'), ('a.ts', 'libx265'), ('a.mpg', 'mpeg2video'), ('a.mkv', 'mjpeg')],
)
@pytest.mark.parametrize('back', [False, True])
def test_a_file_in_which_the_size_changes_is_refused_on_opening(
    name: str, codec: str, back: bool, tmp_path: Path
) -> None:
    """Even if no frame of the other size is ever requested: training and scan must agree."""
    sizes = [(48, 64), (64, 96), (48, 64)][: 3 if back else 2]
    path = tmp_path / name
    if name.endswith('mkv'):
        write_sizes(path, codec, sizes)
    else:
        parts = [
            write_video(tmp_path / f'{n}{path.suffix}', numbered_frames(24, *size), codec=codec)
            for n, size in enumerate(sizes)
        ]
        path.write_bytes(b''.join(part.read_bytes() for part in parts))
    with pytest.raises(VideoReadError, match='frame size changes within it: transcode it'):
        PyAVReader(path)


def write_sizes(path: Path, codec: str, sizes: Sequence[tuple[int, int]]) -> None:
    """One stream of pictures of several sizes, ten of each."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = sizes[0]
        stream.pix_fmt = 'yuvj420p'
        for part, (height, width) in enumerate(sizes):
            context = av.CodecContext.create(codec, 'w')
            context.height, context.width, context.pix_fmt = height, width, 'yuvj420p'
            context.time_base = Fraction(1, 25)
            for number, pixels in enumerate(numbered_frames(10, height, width)):
                frame = av.VideoFrame.from_ndarray(pixels, format='rgb24').reformat(
                    format='yuvj420p'
                )
                frame.pts, frame.time_base = 10 * part + number, Fraction(1, 25)
                for packet in context.encode(frame):
                    packet.stream = stream
                    container.mux(packet)
