"""Running the tools of data preparation in this process, and making files for them."""

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

TOOLS = Path(__file__).resolve().parents[3] / 'tools' / 'data'


class Outcome(NamedTuple):
    """What a tool returned and printed."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        """What was printed with --json: one object and nothing else."""
        return json.loads(self.out)


@pytest.fixture
def tool(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Outcome]:
    """Run the tool ``name``, such as ``sthv2/prepare.py``, with words in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, *words: object) -> Outcome:
        spec = importlib.util.spec_from_file_location(name.replace('/', '_')[:-3], TOOLS / name)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, 'argv', [name, *map(str, words)])
        capsys.readouterr()
        return Outcome(module.main(), *capsys.readouterr())

    return run


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write text files and empty ones: ``put('a/b.csv', 'text')``, ``put('v/1.mp4')``."""

    def write(name: str, text: str = '') -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write
