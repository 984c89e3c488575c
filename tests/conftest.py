"""What holds for all tests."""

import pytest
from hypothesis import settings

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
