"""Contract: at an address or in a tar file a video has the frames that it has as a local file."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from fsspec import AbstractFileSystem

from mmvideomae.analysis.servers import serve_folder
from mmvideomae.storage.remote import UnreachableError, fetching
from mmvideomae.video.readers import FrameFolderReader, VideoReadError, open_reader
from tests.support.videos import make_broken_video, numbered_frames, write_video


def in_tar(video: Path, tar: Path) -> str:
    with tarfile.open(tar, 'w') as archive:
        archive.add(video, 'a/b.mp4')
    with tarfile.open(tar) as archive:
        member = archive.getmember('a/b.mp4')
    return f'{tar}#{member.offset_data}+{member.size}/a/b.mp4'


def read_some(path: str | Path, backend: str = 'auto') -> np.ndarray:
    with open_reader(path, backend) as reader:
        frames = reader.read([len(reader) - 1, 0, 13])
        np.testing.assert_array_equal(reader.read([13])[0], frames[2])
        return frames


def test_all_readers_read_elsewhere(
    numbered: Path, backend: str, memory: AbstractFileSystem, tmp_path: Path
) -> None:
    memory.pipe_file('/d/clip.mp4', numbered.read_bytes())
    tar = in_tar(numbered, tmp_path / 'x.tar')
    memory.pipe_file('/x.tar', (tmp_path / 'x.tar').read_bytes())
    wanted = read_some(numbered, backend)
    there = tar.replace(str(tmp_path), 'memory:/')
    for place in ('memory://d/clip.mp4', tar, there):
        np.testing.assert_array_equal(read_some(place, backend), wanted)


@pytest.mark.parametrize(
    ('name', 'codec'),
    [('a.avi', 'mpeg4'), ('a.mkv', 'libx264'), ('a.264', 'libx264'), ('a.ts', 'libx264'),
     ('a.webm', 'libvpx-vp9')],
)  # fmt: skip
@pytest.mark.parametrize('whole', [2**24, 2000])
def test_files_of_any_kind_are_read_elsewhere(
    name: str,
    codec: str,
    whole: int,
    memory: AbstractFileSystem,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, 'WHOLE', whole)
    monkeypatch.setattr(fetching, 'BLOCK', whole)
    path = write_video(tmp_path / name, numbered_frames(40), codec=codec)
    memory.pipe_file(f'/{name}', path.read_bytes())
    np.testing.assert_array_equal(read_some(f'memory://{name}'), read_some(path))


@pytest.mark.parametrize('kind', ['truncated', 'missing_frames', 'empty', 'text', 'audio_only'])
def test_what_is_broken_is_so_elsewhere(
    kind: str, memory: AbstractFileSystem, tmp_path: Path
) -> None:
    make_broken_video(kind, tmp_path / 'a.mp4')
    memory.pipe_file('/a.mp4', (tmp_path / 'a.mp4').read_bytes())
    reasons = []
    for place in (tmp_path / 'a.mp4', 'memory://a.mp4', 'memory://a.mp4'):
        with pytest.raises(VideoReadError) as told:
            read_some(place)
        reasons.append(told.value.reason)
    assert len(set(reasons)) == 1


def test_what_is_not_there_is_told_without_secrets(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve_folder(tmp_path)
    for failure, reason in ((404, 'there is nothing there'), (403, 'access is denied')):
        server.failures = [failure] * 2
        with pytest.raises(VideoReadError) as told:
            open_reader(f'http://me:hush@127.0.0.1:{server.port}/a.mp4?sig=secret')
        assert told.value.reason == reason
        shown = f'http://127.0.0.1:{server.port}/a.mp4?...'
        assert told.value.path == shown
        assert str(told.value) == f'cannot read video {shown!r}: {reason}'
    server.stop()
    monkeypatch.setenv('MMVIDEOMAE_RETRY_SECONDS', '2')
    with pytest.raises(UnreachableError, match='could not be reached for 2 seconds'):
        open_reader(f'{server.address}/a.mp4')


def test_folders_of_frames_are_local(memory: AbstractFileSystem) -> None:
    with pytest.raises(VideoReadError, match='read from local folders alone: make videos of them'):
        FrameFolderReader('memory://frames')
