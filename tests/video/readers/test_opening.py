"""`auto` is PyAV; other files are refused with an explanation, and names are not addresses."""

import errno
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from mmvideomae.video.readers import VideoReadError, open_reader, opening
from mmvideomae.video.readers.decord_reader import DecordReader
from mmvideomae.video.readers.pyav_reader import PyAVReader
from tests.support.videos import (
    frame_number,
    make_broken_video,
    moving_shapes,
    numbered_frames,
    write_video,
)


def test_auto_is_pyav(numbered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'decord', None)
    with open_reader(numbered) as reader:
        assert isinstance(reader, PyAVReader)
        assert frame_number(reader.read([17])[0]) == 17
    with pytest.raises(ImportError):
        open_reader(numbered, 'decord')


@pytest.mark.parametrize(
    ('name', 'codec', 'options'),
    [
        ('open_groups.mkv', 'libx264', {'x264-params': 'open-gop=1:bframes=3'}),
        ('refresh.mp4', 'libx264', {'x264-params': 'intra-refresh=1'}),
        ('x265.mp4', 'libx265', {'x265-params': 'open-gop=1:log-level=0:pools=1'}),
        ('b_frames.mp4', 'mpeg4', {}),
        ('b_frames.avi', 'mpeg4', {}),
    ],
)
def test_without_pyav_decord_reads_from_the_start(
    name: str,
    codec: str,
    options: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_video(tmp_path / name, numbered_frames(40), codec=codec, options=options)
    monkeypatch.setitem(sys.modules, 'av', None)
    monkeypatch.setitem(sys.modules, 'mmvideomae.video.readers.pyav_reader', None)
    with open_reader(path) as reader:
        assert isinstance(reader, DecordReader)
        assert [frame_number(frame) for frame in reader.read([39, 13, 14])] == [39, 13, 14]
        np.testing.assert_allclose(reader.times, np.arange(40) / 25, atol=1e-3)
    with pytest.raises(ImportError):
        open_reader(path, 'pyav')


def test_named_backend_does_not_turn_to_another(tmp_path: Path) -> None:
    write_video(tmp_path / 'a.ts', moving_shapes(8))
    with pytest.raises(VideoReadError, match='decord misplaces'):
        open_reader(tmp_path / 'a.ts', 'decord')


def test_unknown_backend_is_named(numbered: Path) -> None:
    with pytest.raises(ValueError, match="'opencv'; choose from auto, decord, pyav, torchcodec"):
        open_reader(numbered, 'opencv')


@pytest.mark.parametrize(
    ('kind', 'words'),
    [('missing', 'no such file'), ('directory', 'directory'), ('empty', 'the file is empty')],
)
def test_plain_words_for_plain_causes(kind: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(VideoReadError, match=words):
        open_reader(make_broken_video(kind, tmp_path / 'a.mp4'))


def test_missing_permission_is_named(numbered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening.os, 'access', lambda *_: False)  # root may read everything
    with pytest.raises(VideoReadError, match='no permission'):
        open_reader(numbered)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe.mp4')
    with pytest.raises(VideoReadError, match='not a regular file'):
        open_reader(tmp_path / 'pipe.mp4')
    with pytest.raises(VideoReadError, match='name too long'):
        open_reader(tmp_path / ('x' * 300 + '.mp4'))
    with pytest.raises(VideoReadError, match='embedded null'):
        open_reader('a\0.mp4')


def test_refused_files_are_not_opened_again_until_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decoders leak on damage, and every epoch comes back to each file."""
    path = make_broken_video('text', tmp_path / 'a.mp4')
    os.utime(path, (1e9, 1e9))
    opened = []
    really_open = opening._open_with
    monkeypatch.setattr(
        opening, '_open_with', lambda *given: opened.append(given) or really_open(*given)
    )
    reasons = set()
    for _ in range(3):
        with pytest.raises(VideoReadError) as caught:
            open_reader(path)
        reasons.add(str(caught.value))
    assert len(opened) == len(reasons) == 1
    write_video(path, moving_shapes(4))
    with open_reader(path) as reader:
        assert len(reader) == 4


@pytest.mark.parametrize(
    'passing',
    [MemoryError(), OSError(errno.EMFILE, 'Too many open files')],
    ids=['memory', 'files'],
)
def test_a_file_is_not_blamed_for_what_passes(
    passing: Exception, numbered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise passing

    os.utime(numbered, (1e9, 1e9))
    with monkeypatch.context() as patch:
        patch.setattr(opening, '_open_with', fail)
        with pytest.raises(VideoReadError):
            open_reader(numbered)
    open_reader(numbered).close()
