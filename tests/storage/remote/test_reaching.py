"""Contract: what may pass is asked again for so long, what lasts is said at once in one line."""

import errno
import os
import pickle
import random
import socket

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations

from mmvideomae.storage.remote import (
    AddressError,
    UnreachableError,
    ask,
    reach,
    reaching,
    read_fresh,
)


class StatusError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(f'{status}, url=https://me:pass@host/a?sig=1')
        self.status = status


class Shaky:
    """Fails with each of the errors in turn, then answers; draws random numbers like botocore."""

    async_impl = False

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.asked = list(errors), 0

    def cat_file(self, path: str) -> str:
        assert path == 'a'
        self.asked += 1
        random.random()
        if self.errors:
            raise self.errors.pop(0)
        return 'data'


@pytest.fixture
def ask_of(cache, monkeypatch):
    """``ask_of(shaky, address)`` asks a shaky file system."""

    def ask_of(shaky, address='s3://b/a'):
        monkeypatch.setattr(reaching, 'reach', lambda _: (shaky, 'a'))
        return ask(address, 'cat_file')

    return ask_of


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    'error',
    [
        ConnectionRefusedError('refused'),
        TimeoutError(),
        OSError(errno.EBUSY, 'slow down'),
        *map(StatusError, (500, 503, 429, 408)),
        caused(FileNotFoundError('x'), StatusError(502)),  # as fsspec says it of http
        caused(FileNotFoundError('x'), ConnectionResetError('reset')),
    ],
    ids=repr,
)
def test_what_may_pass_is_asked_again(ask_of, error):
    random.seed(3)
    state, shaky = random.getstate(), Shaky(error)
    assert ask_of(shaky) == 'data' and shaky.asked == 2
    assert random.getstate() == state


@pytest.mark.parametrize(
    ('error', 'reason'),
    [
        (FileNotFoundError('s3://b/a'), 'there is nothing there'),
        (PermissionError('denied'), 'denied'),
        (StatusError(404), 'there is nothing there'),
        (StatusError(403), 'access is denied'),
        (StatusError(416), 'the server answers 416'),
        (caused(FileNotFoundError('x'), StatusError(403)), 'access is denied'),
        (OSError(errno.EINVAL, 'bad range'), 'bad range'),
    ],
    ids=repr,
)
def test_what_lasts_is_told_at_once(ask_of, error, reason):
    shaky = Shaky(error, error)
    with pytest.raises(AddressError) as told:
        ask_of(shaky, 'https://me:pass@host/a?sig=1')
    assert shaky.asked == 1 and reason in told.value.reason
    assert str(told.value) == f'https://host/a?...: {told.value.reason}'
    assert str(pickle.loads(pickle.dumps(told.value))) == str(told.value)


def test_a_server_that_stays_away_ends_it(ask_of, monkeypatch):
    monkeypatch.setenv('MMVIDEOMAE_RETRY_SECONDS', '0.6')
    shaky = Shaky(*[ConnectionRefusedError('no https://me:pass@host/a?sig=1')] * 9)
    with pytest.raises(
        UnreachableError, match=r'^https://host/a\?\.\.\. could not be reached'
    ) as told:
        ask_of(shaky, 'https://me:pass@host/a?sig=1')
    assert 2 <= shaky.asked <= 4 and 'pass' not in str(told.value) and 'sig' not in str(told.value)


def test_an_error_of_ours_is_none_of_the_server(ask_of):
    with pytest.raises(KeyError):
        ask_of(Shaky(KeyError('a')))


def test_missing_credentials_are_no_fault_of_a_file(ask_of):
    class NoCredentialsError(Exception):
        pass

    with pytest.raises(UnreachableError, match='unable to find: give them to fsspec'):
        ask_of(Shaky(NoCredentialsError('unable to find')))


@pytest.mark.parametrize(
    ('address', 'told'),
    [
        ('nowhere://x/a', 'nowhere://x/a cannot be reached: Protocol not known: nowhere'),
        ('gs://x/a', r"Please install gcsfs.*: pip install 'mmvideomae\[gs\]'"),
    ],
)
def test_what_fsspec_lacks_is_told(monkeypatch, address, told):
    monkeypatch.setitem(
        known_implementations,
        'gs',
        {'class': 'not_installed.Files', 'err': 'Please install gcsfs to access Google Storage'},
    )
    with pytest.raises(UnreachableError, match=told):
        reach(address)


def test_threads_share_a_file_system_and_processes_do_not(monkeypatch):
    system, path = reach('memory://d/a')
    assert reach('memory://d/b')[0] is system and path == '/d/a'
    monkeypatch.setattr(os, 'getpid', lambda: -1)
    made = []
    monkeypatch.setattr(fsspec, 'filesystem', lambda *args, **_: made.append(args) or 'another')
    assert reach('memory://d/a')[0] == 'another' and made == [('memory',)]


def test_a_server_that_does_not_answer_is_not_waited_for(cache, monkeypatch):
    monkeypatch.setenv('MMVIDEOMAE_RETRY_SECONDS', '0.5')
    with socket.create_server(('127.0.0.1', 0)) as silent:
        address = f'http://127.0.0.1:{silent.getsockname()[1]}/a'
        with pytest.raises(UnreachableError, match=r'for 0\.5 seconds: no answer in time'):
            ask(address, 'cat_file')


def test_an_address_is_read_as_it_is_now(memory):
    assert isinstance(memory, MemoryFileSystem)
    for data in (b'one', b'another'):
        memory.pipe_file('/d/list.txt', data)
        assert read_fresh('memory://d/list.txt') == data
