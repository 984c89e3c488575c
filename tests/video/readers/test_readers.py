"""All three backends return the same pixels for frame n, and refuse broken files alike."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from mmvideomae.video.readers import VideoReadError, open_reader
from tests.support.videos import (
    BROKEN_KINDS,
    frame_number,
    make_broken_video,
    media_clip,
    moving_shapes,
    numbered_frames,
    write_video,
)

ReadAll = Callable[[Path], np.ndarray]

# Constant-rate H.264: groups of pictures, B-frames, containers, sizes, rotations, sound.
SOUND = {
    'default': {},
    'intra.mp4': {'gop': 1, 'bframes': 0},
    'short_groups.mp4': {'gop': 2, 'bframes': 1},
    'one_group.mp4': {'gop': 250, 'bframes': 3},
    'no_b.mp4': {'bframes': 0},
    'faststart.mp4': {'faststart': True, 'audio': True},
    'clip.mkv': {},
    'clip.mov': {'audio': True},
    'turned.mp4': {'rotation': 90},
    'upside_down.mp4': {'rotation': 180},
    'turned_back.mp4': {'rotation': 270},
    'full_range.mp4': {'pix_fmt': 'yuvj420p'},
    'full_chroma.mp4': {'pix_fmt': 'yuv444p'},
}


def decode_in_order(path: Path) -> np.ndarray:
    """The reference: every frame as FFmpeg hands them out, without any seek."""
    with av.open(str(path)) as container:
        return np.stack(
            [
                np.rot90(frame.to_ndarray(format='rgb24'), round(frame.rotation / 90) % 4)
                for frame in container.decode(video=0)
            ]
        )


def check_against_order(path: Path, backend: str, frames: int) -> None:
    """Whole, backwards, strided and single reads equal the decode in order."""
    expected = decode_in_order(path)
    assert len(expected) == frames
    with open_reader(path, backend, square_pixels=False) as reader:
        assert len(reader) == frames
        np.testing.assert_array_equal(reader.read(range(frames)), expected)
        backwards = list(range(frames - 1, -1, -3))
        np.testing.assert_array_equal(reader.read(backwards), expected[backwards])
    for index in (frames - 1, frames // 2, 0):
        with open_reader(path, backend, square_pixels=False) as reader:
            np.testing.assert_array_equal(reader.read([index, index])[1], expected[index])


@pytest.mark.parametrize('name', SOUND)
def test_pixels_equal_decoding_in_order(name: str, backend: str, tmp_path: Path) -> None:
    file = tmp_path / (name if '.' in name else f'{name}.mp4')
    frames = moving_shapes(30, 64, 80)
    write_video(file, frames, **SOUND[name])
    check_against_order(file, backend, 30)


@pytest.mark.parametrize('name', ['arm_wrestling.mp4', 'people.mp4', 'test_xvid.avi'])
def test_pixels_of_real_clips_equal_decoding_in_order(name: str, backend: str) -> None:
    path = media_clip(name)
    if path is None:
        pytest.skip(f'no clip {name}')
    frames = {'arm_wrestling.mp4': 280, 'people.mp4': 57, 'test_xvid.avi': 164}[name]
    check_against_order(path, backend, frames)


def test_frames_are_the_ones_written(numbered: Path, read_all: ReadAll) -> None:
    assert [frame_number(frame) for frame in read_all(numbered)] == list(range(40))


def test_frames_are_rgb_in_range(backend: str, tmp_path: Path) -> None:
    frames = np.zeros((8, 64, 64, 3), np.uint8)
    frames[:] = (200, 100, 20)
    write_video(tmp_path / 'orange.mp4', frames)
    with open_reader(tmp_path / 'orange.mp4', backend) as reader:
        colour = reader.read([3]).reshape(-1, 3).astype(int)
    assert np.abs(colour - (200, 100, 20)).max() <= 4


@pytest.mark.parametrize('turn', [90, 180, 270])
def test_pictures_stand_as_players_show_them(turn: int, backend: str, tmp_path: Path) -> None:
    frames = moving_shapes(6, 64, 80)
    write_video(tmp_path / 'a.mp4', frames, rotation=turn)
    with open_reader(tmp_path / 'a.mp4', backend) as reader:
        shown = reader.read([2])[0]
    clockwise = np.rot90(frames[2], -turn // 90)
    assert shown.shape == clockwise.shape
    assert np.abs(shown.astype(int) - clockwise).mean() < 8  # compression, not orientation


def test_variable_rate_counts_pictures(backend: str, tmp_path: Path) -> None:
    steps = np.random.default_rng(0).uniform(0.02, 0.3, 40)
    write_video(tmp_path / 'a.mp4', numbered_frames(40), seconds=np.cumsum(steps))
    with open_reader(tmp_path / 'a.mp4', backend) as reader:
        assert [frame_number(f) for f in reader.read(range(40))] == list(range(40))
        assert reader.fps == pytest.approx(1 / steps[1:].mean(), rel=0.1)
    for index in (37, 11):
        with open_reader(tmp_path / 'a.mp4', backend) as reader:
            assert frame_number(reader.read([index])[0]) == index


@pytest.mark.parametrize('fps', [25.0, 30000 / 1001, 12.0])
def test_rate(fps: float, backend: str, tmp_path: Path) -> None:
    write_video(tmp_path / 'a.mp4', moving_shapes(12), fps=fps)
    with open_reader(tmp_path / 'a.mp4', backend) as reader:
        assert reader.fps == pytest.approx(fps, rel=1e-4)


def test_one_frame_is_a_video(backend: str, tmp_path: Path) -> None:
    write_video(tmp_path / 'a.mp4', moving_shapes(1))
    with open_reader(tmp_path / 'a.mp4', backend) as reader:
        assert len(reader) == 1
        assert reader.read([0] * 16).shape == (16, 64, 64, 3)


@pytest.mark.parametrize('name', ['ein Video.mp4', 'клип_视频_ü.mp4', "it's 100% #1,2.mp4"])
def test_any_file_name(name: str, read_all: ReadAll, tmp_path: Path) -> None:
    write_video(tmp_path / 'a folder' / name, moving_shapes(4))
    assert len(read_all(tmp_path / 'a folder' / name)) == 4


def test_index_outside_is_an_error_of_the_caller(numbered: Path, backend: str) -> None:
    with open_reader(numbered, backend) as reader:
        for index in (-1, 40):
            with pytest.raises(IndexError, match=rf'frame {index} is outside 0\.\.39'):
                reader.read([index])


@pytest.mark.parametrize('kind', BROKEN_KINDS)
def test_broken_is_refused_naming_the_file(kind: str, backend: str, tmp_path: Path) -> None:
    if kind == 'unreadable' and os.access(make_broken_video(kind, tmp_path / 'try.mp4'), os.R_OK):
        pytest.skip('this user may read everything')
    path = make_broken_video(kind, tmp_path / f'{kind} ü.mp4')
    begin = time.monotonic()
    with pytest.raises(VideoReadError) as caught, open_reader(path, backend) as reader:
        reader.read(range(len(reader)))
    assert time.monotonic() - begin < 30
    assert str(path) in str(caught.value)
    assert '\n' not in str(caught.value) and len(caught.value.reason) < 450


def test_file_that_ends_behind_its_header_is_refused(backend: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mkv', moving_shapes(8))
    data = path.read_bytes()
    path.write_bytes(data[: data.index(bytes.fromhex('1f43b675'))])  # begin of the pictures
    with pytest.raises(VideoReadError, match=r'a\.mkv'), open_reader(path, backend):
        pass


def test_broken_at_any_cut_ends_in_one_kind_of_error(backend: str, tmp_path: Path) -> None:
    """Files cut or spoiled anywhere either read or raise VideoReadError."""
    whole = write_video(
        tmp_path / 'whole.mp4', moving_shapes(20), faststart=True, audio=True
    ).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for number in range(40):
        data = bytearray(whole)
        if number % 2:
            data = data[: rng.integers(1, len(data))]
        else:
            start = rng.integers(len(data))
            length = min(int(rng.integers(1, 400)), len(data) - start)
            data[start : start + length] = rng.bytes(length)
        path = tmp_path / f'{number}.mp4'
        path.write_bytes(data)
        try:
            with open_reader(path, backend) as reader:
                reader.read(range(len(reader)))
        except VideoReadError:
            refused += 1
    assert refused >= 20  # every cut removes frames
