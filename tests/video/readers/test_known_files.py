"""What is known of a file comes back whole, as long as the file and what it was asked for stay."""

import os
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from mmengine.logging import MMLogger

from mmvideomae.video.readers import ReadLimits, VideoReadError, file_state, known_files
from mmvideomae.video.readers.file_state import file_key
from mmvideomae.video.readers.known_files import KnownFile, recall, remember
from mmvideomae.video.readers.packet_index import PacketIndex
from mmvideomae.video.readers.pyav_reader import PyAVReader
from mmvideomae.video.readers.stream_facts import StreamFacts
from tests.support.videos import frame_number, moving_shapes, numbered_frames, write_video

FACTS = StreamFacts(
    *('avi', 'mpeg4', 'mpeg4', 'XVID', b'\x00\x01\xff', (64, 48), 1, (0, 2)),
    *(Fraction(16, 11), Fraction(0), Fraction(1, 90000), 29.97, 12),
)


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_files, '_memory', known_files._Memory())


def forget() -> None:
    known_files._memory.__init__()


def known(packets: int) -> KnownFile:
    numbers = np.arange(packets)
    index = PacketIndex(*(numbers + row for row in range(5)), numbers[:2], numbers, numbers * 0)
    return KnownFile.of(FACTS, packets, index, True, False)


def same(one: KnownFile | None, other: KnownFile) -> bool:
    assert one is not None
    pairs = zip(one.packets or (), other.packets or (), strict=True)
    equal = all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in pairs)
    np.testing.assert_array_equal(one.times, other.times)
    return equal and (*one[:2], *one[3:5], one.fps) == (*other[:2], *other[3:5], other.fps)


def aged(path: Path) -> Path:
    """The file, when its times tell that it is not just being written."""
    time.sleep(2 * file_state._TICK)
    return path


@pytest.mark.parametrize(
    'file', [known(5), known(9_990), known(9_991), KnownFile.of(FACTS, 3, None, True, False)]
)
def test_disk_gives_back_what_it_was_given(file: KnownFile, tmp_path: Path) -> None:
    key = ('a', 1, ReadLimits())
    assert recall(key, str(tmp_path)) is None
    remember(key, file, str(tmp_path))
    assert recall(key, None) is file
    forget()
    assert recall(key, None) is None
    assert same(recall(key, str(tmp_path)), file)
    assert recall(key, None) is not None  # it is in memory again
    assert recall(('b', 1, ReadLimits()), str(tmp_path)) is None


@pytest.mark.parametrize('compressed', [True, False])
def test_what_is_not_whole_on_disk_is_not_there(
    compressed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_files, '_MOST_COMPRESSED', 100 if compressed else 0)
    remember(('a',), known(50), str(tmp_path))
    (file,) = (path for path in tmp_path.rglob('*') if path.is_file())
    data = file.read_bytes()
    for size in range(0, len(data), 7):
        forget()
        file.write_bytes(data[:size])
        assert recall(('a',), str(tmp_path)) is None
    file.write_bytes(b'{}\n' + data.partition(b'\n')[2])
    assert recall(('a',), str(tmp_path)) is None


def test_memory_and_disk_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_files, '_MOST_PACKETS', 1000)
    monkeypatch.setattr(known_files, '_MOST_BYTES', 4000)
    monkeypatch.setattr(known_files, '_PARTS', 1)
    monkeypatch.setattr(known_files, '_PRUNED', 1)
    monkeypatch.setattr(known_files, '_place', lambda folder, key: Path(folder) / f'000{key[0]}')
    for number in range(100):
        remember((number,), known(90), str(tmp_path))
        recall((0,), None)
    kept = [number for number in range(100) if recall((number,), None)]
    assert kept == [0, *range(91, 100)]  # the oldest go, unless they are asked for
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) > 2 and sum(sizes) <= 4000
    remember(('large',), known(5000), None)
    assert recall(('large',), None) is not None


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    warned: list[str] = []
    logger = MMLogger.get_current_instance()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logger, 'warning', warned.append)
        for number in range(3):
            remember((number,), known(3), str(tmp_path / 'file'))
    assert len(warned) == 1 and "file'" in warned[0]
    assert recall((2,), None) is not None


def test_a_changed_file_is_another(tmp_path: Path) -> None:
    path = tmp_path / 'a'
    path.write_bytes(b'1')
    assert file_key(str(path)) is None  # it may change once more within a tick of its clock
    first = file_key(str(aged(path)), 1)
    assert first is not None and first == file_key(str(path), 1) != file_key(str(path), 2)
    times = path.stat()
    path.write_bytes(b'2')
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as large, and as old
    assert file_key(str(aged(path)), 1) not in (None, first)
    assert file_key(str(tmp_path / 'none')) is file_key('\0') is None


@pytest.mark.parametrize(
    ('name', 'codec'), [('a.mp4', 'libx264'), ('a.ts', 'libx264'), ('a.avi', 'mpeg4')]
)
def test_a_known_file_is_not_examined_again(
    name: str, codec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And shows the same frames at the same times; one that has changed is looked at anew."""
    folder = str(tmp_path / 'index')
    path = aged(write_video(tmp_path / name, numbered_frames(40), codec=codec))
    with PyAVReader(path, index_folder=folder) as reader:
        times, fps, frames = reader.times, reader.fps, reader.read(range(40))
    forget()
    with monkeypatch.context() as patch:
        patch.setattr(PyAVReader, '_examine', None)
        with PyAVReader(path, index_folder=folder) as reader:
            np.testing.assert_array_equal(reader.read([39, 7]), frames[[39, 7]])
            np.testing.assert_array_equal(reader.times, times)
            assert (len(reader), reader.fps) == (40, fps)
            assert [number for number, _ in reader.in_order([3, 30])] == [3, 30]
            np.testing.assert_array_equal(reader.read([12]), frames[[12]])
        with pytest.raises(VideoReadError, match='not callable'):  # another limit may refuse it
            PyAVReader(path, ReadLimits(frames=50), index_folder=folder)
    aged(write_video(path, numbered_frames(50)[10:], codec=codec))
    with PyAVReader(path, index_folder=folder) as reader:
        assert frame_number(reader.read([7])[0]) == 17


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', moving_shapes(24), faststart=True, bframes=0)
    with PyAVReader(path) as reader:
        assert reader._known.plain
        os.truncate(path, path.stat().st_size // 2)
        with pytest.raises(VideoReadError, match='ends early'):
            reader.read([23])


def test_only_what_a_container_adds_nothing_to_is_read_plainly(tmp_path: Path) -> None:
    """Whatever is read plainly equals the container's; that it does, test_sequential shows."""
    kinds = {  # without B-frames, whose order PyAV before 17 leaves to guessing
        'plain.mp4': ({'bframes': 0}, True),
        'plain.mkv': ({'bframes': 0}, True),
        'full.mov': ({'bframes': 0, 'pix_fmt': 'yuvj420p'}, True),
        'vp9.webm': ({'codec': 'libvpx-vp9'}, True),
        'turned.mp4': ({'rotation': 90}, False),
        'stream.ts': ({}, False),
        'prores.mov': ({'codec': 'prores', 'pix_fmt': 'yuv422p10le'}, False),
    }
    for name, (kind, plain) in kinds.items():
        path = write_video(tmp_path / name, np.zeros((12, 64, 64, 3), np.uint8), **kind)
        with PyAVReader(path) as reader:
            assert reader._known.plain == plain, name
