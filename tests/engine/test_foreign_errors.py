"""Errors of libraries are reported in one line with a fix; bugs keep their traceback."""

import errno
import os
import socket
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn
from torch.utils.data import DataLoader

from mmvideomae.engine.foreign_errors import translate
from mmvideomae.engine.run_config import plain_message
from mmvideomae.errors import nearest
from mmvideomae.registry import DATASETS, HOOKS, MODELS, OPTIMIZERS, PARAM_SCHEDULERS
from tests.support.models import tiny_vit


def caught(run: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:
        run()
    assert isinstance(caught.value, Exception)
    return caught.value


def told(run: Callable[[], object]) -> str:
    message = plain_message(caught(run))
    assert message is not None and '\n' not in message
    return message


@pytest.fixture(autouse=True)
def scope() -> None:
    init_default_scope('mmvideomae')


@pytest.mark.parametrize(
    ('number', 'cure'),
    [
        (errno.ENOSPC, 'free some, or choose a folder on another one'),
        (errno.EDQUOT, 'quota is used up: free some space'),
        (errno.EROFS, 'read-only: choose another folder'),
        (errno.EACCES, 'permission denied: choose a folder that you may use'),
        (errno.EMFILE, 'raise the limit'),
    ],
)
def test_what_the_machine_refuses_is_told_with_the_file(number: int, cure: str) -> None:
    error = OSError(number, os.strerror(number), 'work/a.pth')
    message = str(translate(error))
    assert message.startswith('work/a.pth: ') and cure in message
    assert cure in str(translate(OSError(number, os.strerror(number))))


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    message = told(lambda: (tmp_path / 'file' / 'run').mkdir())
    assert message.startswith(f'{tmp_path}/file/run: a part of this path is a file, not a folder')


def test_a_port_in_use_is_told_with_another() -> None:
    with socket.socket() as first, socket.socket() as second:
        first.bind(('127.0.0.1', 0))
        first.listen()
        message = told(lambda: second.bind(first.getsockname()))
    assert 'set PORT=29501' in message
    said = 'The server socket has failed to listen on any local network address. port: 29500, '
    assert 'set PORT=' in str(translate(RuntimeError(f'{said}EADDRINUSE, address already in use')))


def test_addresses_that_cannot_be_reached_are_named() -> None:
    def load(address: str) -> None:
        raise urllib.error.URLError(OSError(-2, f'Name or service of {address[:8]} not known'))

    def missing(address: str) -> None:
        raise urllib.error.HTTPError(address, 404, 'Not Found', None, None)  # type: ignore[arg-type]

    assert told(lambda: load('https://host/x.pth')).startswith('https://host/x.pth cannot be')
    assert '404 Not Found' in told(lambda: missing('https://host/x.pth'))


@pytest.mark.parametrize(
    ('said', 'cure'),
    [
        ('[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0', 'disk is full'),
        ('CUDA out of memory. Tried to allocate 2.00 GiB', 'lower batch_size'),
        ('DataLoader worker (pid 3) is killed by signal: Bus error. out of shared memory', 'shm'),
        ('Found no NVIDIA driver on your system.', 'backend=gloo'),
    ],
)
def test_what_torch_says_of_the_machine(said: str, cure: str) -> None:
    assert cure in str(translate(RuntimeError(said)))


@pytest.mark.parametrize(
    ('build', 'message'),
    [
        (
            lambda: MODELS.build({**tiny_vit(), 'type': 'VideoMAEVit'}),
            "there is no model 'VideoMAEVit'; did you mean 'VideoMAEViT'?",
        ),
        (
            lambda: MODELS.build({**tiny_vit(), 'drop_path_rte': 0.1}),
            "VideoMAEViT has no key 'drop_path_rte'; did you mean 'drop_path_rate'?",
        ),
        (
            lambda: MODELS.build({**tiny_vit(), 'zzz': 0.1}),
            "VideoMAEViT has no key 'zzz'; its keys are arch, img_size, patch_size, num_frames, ",
        ),
        (
            lambda: MODELS.build({**tiny_vit(), 'drop_path_rate': 'high'}),
            "VideoMAEViT: drop_path_rate must be float, got 'high'",
        ),
        (
            lambda: OPTIMIZERS.build({'type': 'AdmW', 'params': [], 'lr': 1}),
            "there is no optimizer 'AdmW'; did you mean 'AdamW'?",
        ),
        (
            lambda: OPTIMIZERS.build(
                {'type': 'AdamW', 'params': nn.Linear(1, 1).parameters(), 'weight_decy': 1}
            ),
            "AdamW has no key 'weight_decy'; did you mean 'weight_decay'?",
        ),
        (
            lambda: OPTIMIZERS.build(
                {'type': 'AdamW', 'params': nn.Linear(1, 1).parameters(), 'lr': 'abc'}
            ),
            'AdamW: lr must be ',
        ),
        (
            lambda: OPTIMIZERS.build(
                {'type': 'AdamW', 'params': nn.Linear(1, 1).parameters(), 'lr': -1}
            ),
            'AdamW: Invalid learning rate: -1',
        ),
        (
            lambda: HOOKS.build({'type': 'EMAHok'}),
            "there is no hook 'EMAHok'; did you mean 'EMAHook'?",
        ),
        (lambda: DATASETS.build({'type': 'VideoListDataset'}), 'VideoListDataset needs '),
        (lambda: PARAM_SCHEDULERS.build({'type': 'Cosine'}), "'Cosine'; did you mean "),
        (
            lambda: DataLoader([1], num_wrkers=1),  # type: ignore[call-arg]
            "config has the unknown key 'num_wrkers'; did you mean 'num_workers'?",
        ),
        (
            lambda: DataLoader([1], prefetch_factor=2),
            'a dataloader of the config: prefetch_factor option could only be specified',
        ),
        (lambda: DataLoader([1], batch_size=0), 'a dataloader of the config: batch_size should'),
    ],
)
def test_parts_of_a_config_that_cannot_be_built(build: Callable[[], Any], message: str) -> None:
    assert told(build).startswith(message) or message in told(build)


def test_bugs_are_not_translated() -> None:
    for run in (
        lambda: torch.ones(2, 3) @ torch.ones(2, 3),
        lambda: {}['x'],
        lambda: len(3),  # type: ignore[arg-type]
        lambda: nn.Linear(2, 3)(torch.ones(3)),
        lambda: list[int]()[1],
    ):
        assert plain_message(caught(run)) is None


def test_errors_of_workers_are_told_by_their_last_line() -> None:
    def of_worker(kind: str, file: str, said: str) -> str | None:
        trace = f'Traceback (most recent call last):\n  File "{file}", line 3, in f\n    x()\n'
        return plain_message(
            RuntimeError(f'Caught {kind} in DataLoader worker process 0.\nOriginal {trace}{said}')
        )

    here = translate.__code__.co_filename
    assert of_worker('VideoReadError', here, 'a.b.VideoReadError: a.mp4: cut') == 'a.mp4: cut'
    assert of_worker('ValueError', here, 'ValueError: too few') == 'too few'
    assert of_worker('ValueError', '/lib/numpy.py', 'ValueError: shapes') is None
    assert of_worker('KeyError', here, "KeyError: 'x'") is None
    full = "OSError: [Errno 28] No space left on device: '/tmp/a'"
    assert str(of_worker('OSError', '/lib/io.py', full)).startswith('/tmp/a: no space left')


def test_the_nearest_name_is_of_any_case() -> None:
    assert nearest('videomaevit', ['VideoMAEViT', 'x']) == "; did you mean 'VideoMAEViT'?"
    assert nearest('zzz', ['VideoMAEViT', 'x']) == ''
