"""Labelled videos whose classes a random encoder can tell apart."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.videos import write_video


def coloured(path: Path, label: int, seed: int) -> Path:
    """A noisy video in the colour of its class."""
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 120, (10, 36, 40, 3))
    frames[..., label] += 120
    return write_video(path, frames.astype(np.uint8), fps=10)


@pytest.fixture(scope='session')
def coloured_videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with twelve videos for training, six for the test, and their lists."""
    folder = tmp_path_factory.mktemp('coloured')
    for name, count, seed in (('train', 12, 0), ('test', 6, 100)):
        lines = []
        for number in range(count):
            coloured(folder / f'{name}{number}.mp4', number % 3, seed + number)
            lines.append(f'{name}{number}.mp4 {number % 3}\n')
        (folder / f'{name}.csv').write_text(''.join(lines))
    return folder
