"""Run the tools for data preparation in this process, and make files for them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.config import Config

from mmvideomae.datasets.sources import VideoSource
from tests.support.tools import CallTool, Outcome

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def tool(
    call_tool: CallTool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Outcome]:
    """Run the tool ``name``, such as ``sthv2/prepare.py``, with words in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda name, *words: call_tool(f'data/{name}', *words)


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
