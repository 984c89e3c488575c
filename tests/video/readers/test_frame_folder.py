"""A folder of numbered pictures reads like a video and names the picture that is missing."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmvideomae.video.readers import FrameFolderReader, VideoReadError, first_frame
from tests.support.videos import frame_number, numbered_frames


def write_frames(folder: Path, template: str, first: int, count: int) -> Path:
    folder.mkdir(parents=True)
    for number, frame in enumerate(numbered_frames(count, 32, 48)):
        # Encoded in memory: OpenCV does not open every name on every system.
        data = cv2.imencode(Path(template).suffix, frame[..., ::-1])[1]
        (folder / template.format(number + first)).write_bytes(data.tobytes())
    return folder


@pytest.mark.parametrize(
    ('template', 'first'), [('img_{:05}.jpg', 1), ('image_{:06}.jpg', 0), ('{}.png', 901)]
)
def test_frame_n_is_file_n_plus_start(template: str, first: int, tmp_path: Path) -> None:
    folder = write_frames(tmp_path / 'ein Clip ü', template, first, 9)
    with FrameFolderReader(folder, template, first, total=9) as reader:
        assert len(reader) == 9
        frames = reader.read([8, 0, 0, 5])
    assert frames.shape == (4, 32, 48, 3) and frames.dtype == np.uint8
    assert [frame_number(frame) for frame in frames] == [8, 0, 0, 5]


def test_part_of_a_folder(tmp_path: Path) -> None:
    """A movie cut every 300 frames: each part has its own start and total."""
    folder = write_frames(tmp_path / 'movie', 'img_{:05}.jpg', 1, 12)
    reader = FrameFolderReader(folder, start=5, total=4)
    assert [frame_number(frame) for frame in reader.read(range(4))] == [4, 5, 6, 7]


def test_frames_are_rgb(tmp_path: Path) -> None:
    (tmp_path / 'clip').mkdir()
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[..., 0] = 250  # blue for OpenCV
    cv2.imwrite(str(tmp_path / 'clip' / 'img_00001.png'), picture)
    frame = FrameFolderReader(tmp_path / 'clip', 'img_{:05}.png').read([0])[0]
    assert frame[0, 0].tolist() == [0, 0, 250]


@pytest.mark.parametrize('first', [0, 1, 7])
@pytest.mark.parametrize('template', ['img_{:05}.jpg', 'v2_{}.png', 'v_2{:03}_{:03}.jpg'])
def test_numbering_is_read_from_the_folder(template: str, first: int, tmp_path: Path) -> None:
    if template.count('{') > 1:
        template = template.replace('{:03}', '{0:03}')
    folder = write_frames(tmp_path / 'clip', template, first, 4)
    for other in ('img_1.jpg', 'img_000001.jpg', 'img_00099.png', 'note.txt', 'v2_01.png'):
        (folder / other).touch()
    for total in (None, 4):
        reader = FrameFolderReader(folder, template, total=total)
        assert (reader.start, len(reader)) == (first, 4)
        assert [frame_number(frame) for frame in reader.read([0, 3])] == [0, 3]
    assert first_frame(folder, template) == first
    assert first_frame(folder, 'frame{}.jpg') is first_frame(folder / 'gone', template) is None


def test_a_gap_is_refused_where_nothing_says_how_many_frames_there_are(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / 'clip', 'img_{:05}.jpg', 0, 9)
    for number in (3, 6):
        (folder / f'img_{number:05}.jpg').unlink()
    for start, missing in ((None, 3), (1, 3), (4, 6)):
        told = f"frame 'img_{missing:05}.jpg' is missing, though later ones exist"
        with pytest.raises(VideoReadError, match=told):
            FrameFolderReader(folder, start=start)
    assert len(FrameFolderReader(folder, start=7)) == 2
    assert len(FrameFolderReader(folder, total=3)) == 3
    with pytest.raises(VideoReadError, match=r"no frame 'img_00006.jpg' in it.* numbers 0 to 8"):
        FrameFolderReader(folder, start=6)


def test_a_folder_that_has_changed_is_counted_again(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / 'growing', 'img_{:05}.jpg', 1, 4)
    assert len(FrameFolderReader(folder)) == 4 and len(FrameFolderReader(folder, start=2)) == 3
    (folder / 'img_00005.jpg').write_bytes((folder / 'img_00004.jpg').read_bytes())
    os.utime(folder, ns=(1, 1))  # clocks of file systems may be coarse
    assert len(FrameFolderReader(folder)) == 5


def test_rate_is_what_the_caller_knows(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / 'clip', 'img_{:05}.jpg', 1, 2)
    assert FrameFolderReader(folder, fps=12.0).fps == 12.0


def test_missing_and_broken_frames_are_named(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / 'clip', 'img_{:05}.jpg', 1, 4)
    (folder / 'img_00002.jpg').write_text('no picture')
    (folder / 'img_00003.jpg').write_bytes(b'')
    reader = FrameFolderReader(folder, total=6)
    for index, name in ((1, 'img_00002.jpg'), (2, 'img_00003.jpg'), (5, 'img_00006.jpg')):
        with pytest.raises(VideoReadError, match=name) as caught:
            reader.read([0, index])
        assert caught.value.path == str(folder)


def test_sizes_that_differ_are_refused(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / 'clip', 'img_{:05}.jpg', 1, 2)
    cv2.imwrite(str(folder / 'img_00003.jpg'), np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(VideoReadError, match='frame size changes'):
        FrameFolderReader(folder).read([0, 2])


def test_folder_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoReadError, match='no such folder'):
        FrameFolderReader(tmp_path / 'nowhere')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(VideoReadError, match=r"no frame such as 'img_00001\.jpg'"):
        FrameFolderReader(tmp_path / 'empty')
    write_frames(tmp_path / 'others', 'frame{}.PNG', 3, 2)
    with pytest.raises(VideoReadError, match=r"in it, but 'frame3\.PNG': .* by filename_tmpl"):
        FrameFolderReader(tmp_path / 'others')
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'videos' / 'a.mp4').touch()
    with pytest.raises(VideoReadError, match=r"only files such as 'a\.mp4': if they are videos"):
        FrameFolderReader(tmp_path / 'videos')
    with pytest.raises(VideoReadError, match='claims 0 frames'):
        FrameFolderReader(tmp_path / 'empty', total=0)


@pytest.mark.parametrize('template', ['img_%05d.jpg', '{video}_{:06}.jpg', '{}_{}.jpg', '{', ''])
def test_template_without_a_number_is_refused(template: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'place for the number') as caught:
        FrameFolderReader(tmp_path, template)
    assert repr(template) in str(caught.value)
