"""The first bytes identify a video file, whatever its name."""

from pathlib import Path

import pytest

from mmvideomae.video.readers.containers import container_of
from tests.support.videos import moving_shapes, write_video


@pytest.mark.parametrize(
    ('name', 'codec', 'container'),
    [
        ('a.mp4', 'libx264', 'mp4'),
        ('a.mov', 'libx264', 'mp4'),
        ('a.mkv', 'libx264', 'matroska'),
        ('a.avi', 'mpeg4', 'avi'),
        ('a.ts', 'libx264', 'other'),
        ('a.m2ts', 'libx264', 'other'),
        ('a.mpg', 'mpeg2video', 'other'),
        ('a.wmv', 'wmv2', 'other'),
    ],
)
def test_container_is_told_whatever_the_name(
    name: str, codec: str, container: str, tmp_path: Path
) -> None:
    path = write_video(tmp_path / name, moving_shapes(8), codec=codec)
    assert container_of(path.rename(tmp_path / 'renamed')) == container


@pytest.mark.parametrize(
    'data', [b'', b'G', b'G' * 188, b'RIFF1234WAVEfmt ', b'text' * 100, b'#EXTM3U\n']
)
def test_anything_else_is_other(data: bytes, tmp_path: Path) -> None:
    (tmp_path / 'file').write_bytes(data)
    assert container_of(tmp_path / 'file') == 'other'
