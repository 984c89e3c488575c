"""Training ends its epoch over files that no decoder comes back from, and names each of them."""

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mmengine.runner import Runner

from mmvideomae.engine.loaders import settle_loaders
from mmvideomae.video.readers import pyav_reader
from mmvideomae.video.readers.known_files import KnownFile
from mmvideomae.video.readers.pyav_reader import PyAVReader
from tests.support.pretraining import tiny_pretrain_config
from tests.support.videos import moving_shapes, write_video

LETHAL = {
    'hangs in opening': 'did not return within 2 s',
    'hangs in reading': 'did not return within 2 s',
    'crashes': 'ended its process (SIGSEGV)',
    'aborts': 'ended its process (SIGABRT)',
    'claims pixels': 'Invalid data found',
    'claims frames': 'its header lists 1,000,000,000 samples',
}


class LethalReader(PyAVReader):
    """Does to its process what the name of the file says."""

    def _examine(self) -> KnownFile:
        if 'hangs in opening' in self.path:
            time.sleep(600)
        return super()._examine()

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        if 'hangs in reading' in self.path:
            ctypes.PyDLL(None).pause()  # in C, and Python's lock is held
        if 'crashes' in self.path:
            ctypes.string_at(0)
        if 'aborts' in self.path:
            os.kill(os.getpid(), signal.SIGABRT)
        return super()._decode(indices)


def make_videos(folder: Path) -> None:
    """One file of each lethal kind, and enough sound ones for several batches."""
    folder.mkdir()
    sound = write_video(folder / 'sound.mp4', moving_shapes(12))
    for number in range(26):
        os.link(sound, folder / f'sound {number}.mp4')
    for kind in LETHAL:
        os.link(sound, folder / f'{kind}.mp4')
    (folder / 'claims pixels.mp4').unlink()
    huge = folder / 'claims pixels.avi'
    write_video(huge, moving_shapes(4), codec='mjpeg', pix_fmt='yuvj420p')
    # Length of a start of frame, precision, height and width.
    data, size = huge.read_bytes(), b'\x00\x11\x08' + (64).to_bytes(2, 'big') * 2
    assert data.count(size) == 4
    huge.write_bytes(data.replace(size, size[:3] + (30000).to_bytes(2, 'big') * 2))
    many = folder / 'claims frames.mp4'
    data = bytearray(many.read_bytes())
    many.unlink()
    # One byte for each of 10^9 samples.
    place = data.index(b'stsz') + 8
    data[place : place + 8] = (1).to_bytes(4, 'big') + (10**9).to_bytes(4, 'big')
    many.write_bytes(data)


def test_an_epoch_over_lethal_files_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyav_reader, 'PyAVReader', LethalReader)
    make_videos(tmp_path / 'videos')
    config = tiny_pretrain_config(tmp_path / 'videos', tmp_path / 'run')
    config.train_dataloader.update(num_workers=2, batch_size=3)
    config.train_dataloader.dataset.pipeline[0].deadline = 2
    config.custom_hooks = [{'type': 'DecodeFailureHook'}]
    settle_loaders(config)
    runner = Runner.from_cfg(config)
    runner.train()
    assert runner.iter == 11
    failures = (tmp_path / 'run' / 'decode_failures.txt').read_text().splitlines()
    named = {Path(path).stem: reason for path, _, reason in (f.split('\t') for f in failures)}
    assert named.keys() == LETHAL.keys()
    for kind, reason in LETHAL.items():
        assert reason in named[kind]
