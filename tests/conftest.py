"""Settings for all tests."""

import socket
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from hypothesis import settings

from mmvideomae.analysis.servers import ObjectStore
from tests.support.tools import CallTool

# `make test` tries the same examples each time, so that a change is what breaks it;
# `make test-all` draws others.
settings.register_profile('fixed', derandomize=True, deadline=None)
settings.register_profile('random', deadline=None)
settings.load_profile('fixed')


@pytest.fixture
def call_tool(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CallTool:
    """``call_tool('data/transcode.py', *words)`` runs a tool in this process: code, out, err."""
    return CallTool(monkeypatch, capsys)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty cache of what lies elsewhere."""
    monkeypatch.setenv('MMVIDEOMAE_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache' / 'remote'


@pytest.fixture
def memory(cache: Path) -> Iterator[fsspec.AbstractFileSystem]:
    """An empty file system at ``memory://``."""
    system = fsspec.filesystem('memory')
    system.store.clear()
    yield system
    system.store.clear()


@pytest.fixture(scope='session')
def _store() -> Iterator[ObjectStore]:
    store = ObjectStore()
    yield store
    store.stop()


@pytest.fixture
def s3(_store: ObjectStore, cache: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """A local S3 server with an empty bucket ``videos``, where fsspec finds it."""
    _store.reset()
    monkeypatch.setenv('AWS_ENDPOINT_URL', _store.address)
    monkeypatch.setenv('AWS_ACCESS_KEY_ID', 'someone')
    monkeypatch.setenv('AWS_SECRET_ACCESS_KEY', 'hush-hush')
    system = fsspec.filesystem('s3', skip_instance_cache=True)
    if system.exists('videos'):
        system.rm('videos', recursive=True)
    system.mkdir('videos')
    _store.requests.clear()
    return _store


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
