"""Reading twenty thousand clips takes no more memory, files and threads than two thousand."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mmvideomae.video.readers import (
    GuardedReader,
    ReadLimits,
    VideoReader,
    VideoReadError,
    helper,
    index_key_of,
    open_reader,
)
from tests.support.videos import make_broken_video, moving_shapes, write_video

KINDS = {
    'plain.mp4': {},
    'b_frames.mkv': {'bframes': 3},
    'demuxed.ts': {},
    'counted.avi': {'codec': 'mpeg4'},
    'turned.mp4': {'rotation': 90},
    'vp9.webm': {'codec': 'libvpx-vp9'},
}


def state(pid: int | str) -> tuple[int, int, int]:
    """Resident memory in KiB, open files and threads of a process."""
    status = Path(f'/proc/{pid}/status').read_text().splitlines()
    fields = dict(line.split(':', 1) for line in status)
    files = len(os.listdir(f'/proc/{pid}/fd'))
    return int(fields['VmRSS'].split()[0]), files, int(fields['Threads'])


@pytest.mark.slow
@pytest.mark.parametrize('guarded', [False, True], ids=['here', 'in a helper'])
def test_nothing_grows(guarded: bool, tmp_path: Path) -> None:
    frames = moving_shapes(24, 48, 64)
    paths = [
        str(write_video(tmp_path / f'{number} {name}', frames, **kind))
        for name, kind in KINDS.items()
        for number in range(5)
    ]
    broken = str(make_broken_video('truncated', tmp_path / 'broken.mp4'))

    def opening(path: str) -> VideoReader:
        index = str(tmp_path / 'index')
        known = partial(open_reader, path, 'auto', ReadLimits(), True, index)
        if not guarded:
            return known()
        key = index_key_of(path, 'auto', ReadLimits(), True)
        return GuardedReader(path, known, 30, key, index)

    states = read_many(opening, paths, broken, guarded)
    for early, late in zip(*states, strict=True):
        assert late[0] <= 1.03 * early[0]
        assert late[1] <= early[1] and late[2] <= early[2]


def read_many(
    opening: Callable[[str], VideoReader], paths: list[str], broken: str, guarded: bool
) -> list[list[tuple[int, int, int]]]:
    """States of this process and its helper after 2,000 and 20,000 clips."""
    rng = np.random.default_rng(0)
    states = []
    for number in range(1, 20_001):
        if number % 100 == 0:
            with pytest.raises(VideoReadError):
                opening(broken)
        with opening(paths[rng.integers(len(paths))]) as reader:
            clip = reader.read(rng.integers(17) + np.arange(0, 8, 2))
            assert clip.shape[0] == 4
        if number in (2_000, 20_000):
            pids = ['self', helper.current_helper()._pid] if guarded else ['self']
            states.append([state(pid) for pid in pids])
    return states
