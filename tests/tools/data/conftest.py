"""Running the tools of data preparation in this process, and making files for them."""

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mmengine.config import Config

from mmvideomae.datasets.sources import VideoSource

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / 'tools' / 'data'


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


@pytest.fixture
def configured() -> Callable[[str], dict[str, list[tuple[str, int]]]]:
    """What the base config of a data set reads in this folder: paths and labels per list.

    Every path must exist, and every label have a name.
    """

    def read(base: str) -> dict[str, list[tuple[str, int]]]:
        cfg = Config.fromfile(ROOT / 'configs' / '_base_' / 'datasets' / f'{base}.py')
        found = {}
        for name in ('train', 'val', 'test'):
            dataset = cfg[f'{name}_dataloader'].dataset
            sources = [VideoSource.of(source) for source in dataset.sources]
            entries = [(s.locate(e.path), e.label) for s in sources for e in s.entries(True)]
            classes = Path(dataset.classes).read_text().splitlines()
            assert all(Path(path).exists() and label < len(classes) for path, label in entries)
            found[name] = entries
        return found

    return read
