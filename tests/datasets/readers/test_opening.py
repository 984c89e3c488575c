"""`auto` is decord, and PyAV for sound files that decord cannot read, told once per cause."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from mmengine.logging import MMLogger

from mmvideomae.datasets.readers import VideoReadError, open_reader, opening
from mmvideomae.datasets.readers.decord_reader import DecordReader
from mmvideomae.testing.videos import (
    frame_number,
    make_broken_video,
    moving_shapes,
    numbered_frames,
    write_video,
)


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Warnings of mmengine's logger; no cause was told before."""
    monkeypatch.setattr(opening, '_told', set())
    heard: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: heard.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield heard
    logger.removeHandler(handler)


def test_decord_reads_what_it_can(
    numbered: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    start = DecordReader.__init__
    monkeypatch.setattr(
        DecordReader, '__init__', lambda self, path: (opened.append(path), start(self, path))[1]
    )
    monkeypatch.setitem(sys.modules, 'mmvideomae.datasets.readers.pyav_reader', None)
    with open_reader(numbered) as reader:
        assert frame_number(reader.read([17])[0]) == 17
        assert reader.fps == 25.0
    assert opened == [numbered] and not warnings


def test_files_that_decord_refuses_on_opening(tmp_path: Path, warnings: list[str]) -> None:
    if 'libsvtav1' not in av.codecs_available:
        pytest.skip('PyAV was built without an AV1 encoder')
    for name in ('a.mp4', 'b.mp4', 'c.mp4'):
        write_video(tmp_path / name, numbered_frames(20), codec='libsvtav1')
        with open_reader(tmp_path / name) as reader:
            assert [frame_number(f) for f in reader.read([19, 3])] == [19, 3]
    assert len(warnings) == 1
    assert 'a.mp4' in warnings[0] and 'no video stream that decord knows' in warnings[0]


def test_files_that_decord_refuses_on_reading(tmp_path: Path, warnings: list[str]) -> None:
    for name in ('a.mp4', 'b.mp4'):
        write_video(tmp_path / name, moving_shapes(20, 64, 24))
        with open_reader(tmp_path / name) as reader, open_reader(tmp_path / name, 'pyav') as pyav:
            assert len(reader) == 20
            for _ in range(2):
                np.testing.assert_array_equal(reader.read([19, 3]), pyav.read([19, 3]))
    assert len(warnings) == 1 and 'this width' in warnings[0]


def test_each_cause_is_told(tmp_path: Path, warnings: list[str]) -> None:
    write_video(tmp_path / 'a.mp4', moving_shapes(8, 64, 24))
    write_video(tmp_path / 'a.ts', moving_shapes(8))
    write_video(tmp_path / 'a.avi', moving_shapes(8), codec='mpeg4')
    for name in ('a.mp4', 'a.ts', 'a.avi'):
        with open_reader(tmp_path / name) as reader:
            reader.read([0])
    assert len(warnings) == 3


def test_what_neither_reads_names_both_reasons(tmp_path: Path, warnings: list[str]) -> None:
    path = make_broken_video('truncated_faststart', tmp_path / 'a.mp4')
    with pytest.raises(VideoReadError, match=r'decord: .*; pyav: it lists 48 frames but holds'):
        open_reader(path)
    path = make_broken_video('missing_frames', tmp_path / 'b.mp4')
    with open_reader(path) as reader, pytest.raises(VideoReadError, match=r'decord: .*; pyav: '):
        reader.read(range(len(reader)))
    assert not warnings  # nothing was read in spite of decord


def test_without_decord_pyav_reads(
    numbered: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, 'decord', None)
    with open_reader(numbered) as reader:
        assert frame_number(reader.read([11])[0]) == 11
    assert len(warnings) == 1 and 'decord' in warnings[0]
    with pytest.raises(ImportError):
        open_reader(numbered, 'decord')


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
