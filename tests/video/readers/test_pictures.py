"""Pictures look as in a player: turned, mirrored, and with square pixels."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mmvideomae.video.readers import VideoReadError, open_reader
from mmvideomae.video.readers.pyav_reader import PyAVReader
from tests.support.videos import moving_shapes, write_video

FRAMES = moving_shapes(6, 64, 80)


@pytest.mark.parametrize(
    ('aspect', 'width'),
    [('2', 160), ('1/2', 40), ('64/51', 100), ('101/100', 80), ('49/50', 80), ('26/25', 83)],
)
@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv', 'a.ts'])
def test_pixels_become_square(name: str, aspect: str, width: int, tmp_path: Path) -> None:
    path = write_video(tmp_path / name, FRAMES, aspect=Fraction(aspect))
    with open_reader(path) as reader, open_reader(path, square_pixels=False) as stored:
        wide, plain = reader.read([2])[0], stored.read([2])[0]
    assert wide.shape == (64, width, 3) and plain.shape == (64, 80, 3)
    columns = (np.arange(width) * 80 / width).astype(int)
    assert np.abs(wide.astype(int) - plain[:, columns]).mean() < 8


def test_the_container_has_the_last_word(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', FRAMES, aspect=Fraction(2))
    data = bytearray(path.read_bytes())
    place = data.index(b'pasp') + 4
    data[place : place + 8] = (3).to_bytes(4, 'big') + (1).to_bytes(4, 'big')
    path.write_bytes(data)
    with open_reader(path) as reader:
        assert reader.read([0, 5]).shape == (2, 64, 240, 3)


def test_turned_pictures_are_resized_along_their_stored_width(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', FRAMES, aspect=Fraction(2), rotation=90)
    with open_reader(path) as reader:
        assert reader.read([0]).shape == (1, 160, 64, 3)


def test_other_libraries_refuse_pixels_that_are_not_square(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', FRAMES, aspect=Fraction(2))
    with pytest.raises(VideoReadError, match=r"not square.*use backend 'auto' or 'pyav'"):
        open_reader(path, 'decord')
    with open_reader(path, 'decord', square_pixels=False) as reader:
        assert reader.read([0]).shape == (1, 64, 80, 3)


def test_an_aspect_that_changes_is_a_size_that_changes(tmp_path: Path) -> None:
    for number in range(2):
        write_video(tmp_path / f'{number}.ts', FRAMES, aspect=Fraction(1 + number))
    joined = b''.join((tmp_path / f'{number}.ts').read_bytes() for number in range(2))
    (tmp_path / 'a.ts').write_bytes(joined)
    with pytest.raises(VideoReadError, match='frame size changes'):
        PyAVReader(tmp_path / 'a.ts')


# Rows of a display matrix, and what a player does with the stored picture.
MIRRORED = {
    (-1, 0, 0, 1): lambda frame: frame[:, ::-1],
    (1, 0, 0, -1): lambda frame: frame[::-1],
    (0, 1, 1, 0): lambda frame: frame.transpose(1, 0, 2),
    (0, -1, -1, 0): lambda frame: frame[::-1, ::-1].transpose(1, 0, 2),
    (0, 1, -1, 0): lambda frame: np.rot90(frame, -1),
    (-1, 0, 0, -1): lambda frame: frame[::-1, ::-1],
}


@pytest.mark.parametrize('matrix', MIRRORED)
def test_pictures_are_mirrored_and_turned(matrix: tuple[int, ...], tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', FRAMES)
    with av.open(str(path)) as container:
        stored = next(container.decode(video=0)).to_ndarray(format='rgb24')
    data = bytearray(path.read_bytes())
    a, b, c, d = (value * 65536 for value in matrix)
    place = data.index(b'tkhd') + 44
    row = b''.join(each.to_bytes(4, 'big', signed=True) for each in (a, b, 0, c, d))
    data[place : place + 20] = row
    path.write_bytes(data)
    with open_reader(path) as reader:
        np.testing.assert_array_equal(reader.read([0])[0], MIRRORED[matrix](stored))
