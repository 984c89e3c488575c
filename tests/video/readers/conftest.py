"""Every backend in turn, and videos for several test modules."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmvideomae.video.readers import VideoReader, open_reader
from tests.support.videos import numbered_frames, write_video

Open = Callable[[str | Path], VideoReader]


@pytest.fixture(scope='session')
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 numbered frames, 64 x 64, B-frames, a key frame every 12."""
    return write_video(tmp_path_factory.mktemp('numbered') / 'clip.mp4', numbered_frames(40))


@pytest.fixture(scope='session')
def torchcodec_missing(numbered: Path) -> str:
    """Why torchcodec cannot be used here; empty when it can."""
    try:
        open_reader(numbered, 'torchcodec').close()
    except ImportError as error:
        return str(error)
    return ''


@pytest.fixture(params=['decord', 'pyav', 'torchcodec'])
def backend(request: pytest.FixtureRequest, torchcodec_missing: str) -> str:
    if request.param == 'torchcodec' and torchcodec_missing:
        pytest.skip(torchcodec_missing)
    return request.param


@pytest.fixture
def read_all(backend: str) -> Callable[[Path], np.ndarray]:
    """Read all frames of a file with the backend."""

    def read(path: Path) -> np.ndarray:
        with open_reader(path, backend) as reader:
            return reader.read(range(len(reader)))

    return read
