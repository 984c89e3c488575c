"""Test videos have the coding, times, rotation, numbers or damage that they claim."""

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.synthetic.videos import write_video as write_plain
from tests.support import videos
from tests.support.videos import (
    BROKEN_KINDS,
    frame_number,
    make_broken_video,
    media_clip,
    moving_shapes,
    numbered_frames,
    write_video,
)


def packets_of(path: Path) -> list[av.Packet]:
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(video=0) if packet.size]


def decode_all(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(container.streams.video[0]))


def test_shapes_move_and_repeat_by_seed() -> None:
    frames = moving_shapes(8, 48, 80, seed=3)
    assert frames.shape == (8, 48, 80, 3) and frames.dtype == np.uint8
    assert all((frames[i] != frames[i + 1]).any() for i in range(7))
    np.testing.assert_array_equal(frames, moving_shapes(8, 48, 80, seed=3))
    assert (frames != moving_shapes(8, 48, 80, seed=4)).any()


@given(number=st.integers(0, 4094), height=st.integers(8, 64), width=st.integers(24, 96))
def test_numbers_are_read_back(number: int, height: int, width: int) -> None:
    frame = numbered_frames(number + 1, 8, 24)[-1]
    assert frame_number(frame) == number
    few = number % 20
    assert frame_number(numbered_frames(few + 1, height, width)[-1]) == few


def test_too_many_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match=r'1\.\.4095, got 4096'):
        numbered_frames(4096)


def test_data_sets_are_written_like_test_videos(tmp_path: Path) -> None:
    frames = moving_shapes(20)
    plain = write_plain(tmp_path / 'a.mp4', frames, 12.5, options={'mbtree': '0'})
    full = write_video(tmp_path / 'b.mp4', frames, 12.5, options={'mbtree': '0'})
    assert plain.read_bytes() == full.read_bytes()


def test_coding_options_reach_the_file(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', moving_shapes(30), fps=12.5, gop=10, bframes=0)
    packets = packets_of(path)
    assert [i for i, packet in enumerate(packets) if packet.is_keyframe] == [0, 10, 20]
    assert all(packet.pts == packet.dts for packet in packets)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert float(stream.average_rate) == 12.5
        assert (stream.width, stream.height, stream.codec_context.name) == (64, 64, 'h264')
    reordered = packets_of(write_video(tmp_path / 'b.mp4', moving_shapes(30), bframes=2))
    assert any(packet.pts != packet.dts for packet in reordered)


def test_times_of_frames(tmp_path: Path) -> None:
    seconds = [0.0, 0.1, 0.5, 0.52, 2.0]
    path = write_video(tmp_path / 'a.mp4', moving_shapes(5), seconds=seconds)
    with av.open(str(path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx(seconds, abs=1e-4)


def test_sound_track_and_index_in_front(tmp_path: Path) -> None:
    plain = write_video(tmp_path / 'a.mp4', moving_shapes(5)).read_bytes()
    path = write_video(tmp_path / 'b.mp4', moving_shapes(5), faststart=True, audio=True)
    front = path.read_bytes()
    assert plain.index(b'moov') > plain.index(b'mdat')
    assert front.index(b'moov') < front.index(b'mdat')
    with av.open(str(path)) as container:
        assert len(container.streams.audio) == 1


@pytest.mark.parametrize('rotation', [90, 180, 270])
def test_rotation_is_in_the_file(rotation: int, tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', moving_shapes(3), rotation=rotation)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert -frame.rotation % 360 == rotation  # FFmpeg counts against the clock


def test_wrong_frames_and_rotation_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'\(T, H, W, 3\) uint8, got \(4, 8, 8\) float64'):
        write_video(tmp_path / 'a.mp4', np.zeros((4, 8, 8)))
    with pytest.raises(ValueError, match='rotation must be 0, 90, 180 or 270, got 45'):
        write_video(tmp_path / 'a.mp4', moving_shapes(2), rotation=45)


@pytest.mark.parametrize('kind', BROKEN_KINDS)
def test_broken_kinds_are_broken(kind: str, tmp_path: Path) -> None:
    path = make_broken_video(kind, tmp_path / 'deep' / 'a.mp4')
    assert path == tmp_path / 'deep' / 'a.mp4'
    assert path.exists() == (kind != 'missing') and path.is_dir() == (kind == 'directory')
    if kind == 'unreadable':
        assert path.stat().st_mode & 0o777 == 0
        return
    with pytest.raises((OSError, ValueError, IndexError)):
        decode_all(path)


def test_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown kind 'wet'; choose from truncated"):
        make_broken_video('wet', tmp_path / 'a.mp4')


def test_media_clip_looks_where_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMVIDEOMAE_MEDIA', str(tmp_path))
    assert media_clip('a.mp4') is None
    (tmp_path / 'a.mp4').touch()
    assert media_clip('a.mp4') == tmp_path / 'a.mp4'
    monkeypatch.delenv('MMVIDEOMAE_MEDIA')
    monkeypatch.setattr(videos, '__file__', str(tmp_path / 'repo' / 'pkg' / 'testing' / 'v.py'))
    assert media_clip('b.mp4') is None
    (tmp_path / 'shared' / 'media').mkdir(parents=True)
    (tmp_path / 'shared' / 'media' / 'b.mp4').touch()
    assert media_clip('b.mp4') == tmp_path / 'shared' / 'media' / 'b.mp4'
