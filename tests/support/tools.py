"""Loading and running the command lines of tools/ inside the process of the tests."""

import importlib.util
import json
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from mmengine.visualization import Visualizer

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


class Outcome(NamedTuple):
    """What a tool exited with and printed."""

    code: Any
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        """What was printed with --json: one object and nothing else."""
        return json.loads(self.out)


class CallTool:
    """Runs ``tools/NAME`` as the command line does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, name: str, *words: object) -> Outcome:
        self._monkeypatch.setattr(sys, 'argv', [name, *map(str, words)])
        self._monkeypatch.syspath_prepend((TOOLS / name).parent)  # as for a script
        self._capsys.readouterr()
        code: Any = 0
        try:
            runpy.run_path(str(TOOLS / name), run_name='__main__')
        except SystemExit as stop:
            code = stop.code or 0
        finally:
            # mmengine finds it by the second of the start, and a later run may start in the same.
            Visualizer._instance_dict.clear()
        return Outcome(code, *self._capsys.readouterr())


def load_tool(name: str) -> ModuleType:
    """The module ``tools/NAME``, which is not run."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, TOOLS / name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses and tools beside it look it up
    sys.path.insert(0, str((TOOLS / name).parent))  # as for a script
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module
