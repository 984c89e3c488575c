"""Contract: the figures and the picture of docs/curves.md are those of the reference runs."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'curves.md').read_text(encoding='utf-8')


@pytest.fixture(scope='module')
def drawing() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / 'tools' / 'dev'))
        yield importlib.import_module('draw_losses')
    sys.modules.pop('draw_losses')


def test_the_table_is_that_of_the_runs(drawing: ModuleType) -> None:
    for method, name in drawing.RUNS.items():
        runs = drawing.losses(method)
        assert len(runs) == 3 and len({len(run) for run in runs}) == 1
        (row,) = re.findall(rf'^\| {name} \| (.+) \|$', PAGE, re.MULTILINE)
        cells = row.split(' | ')
        for place, cell in zip((0, 1, len(runs[0]) // 2, -1), cells, strict=True):
            values = [run[place][1] for run in runs]
            assert cell.startswith(f'{min(values):.4f} to {max(values):.4f}')
            iteration = re.search(r'\((\d+)\)', cell)
            assert iteration is None or int(iteration[1]) == runs[0][place][0]


def test_what_the_page_says_of_pixels(drawing: ModuleType) -> None:
    runs = drawing.losses('videomae')
    assert all(0.17 < run[1][1] / run[0][1] < 0.22 for run in runs)  # a fifth
    assert [round(100 * (1 - run[-1][1] / run[1][1])) for run in runs] == [23, 23, 20]
    ends = [run[-1][1] for run in runs]
    assert round(100 * (max(ends) / min(ends) - 1)) == 3


def test_the_picture_has_every_run(
    drawing: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, 'PICTURE', tmp_path / 'losses.svg')
    drawing.main()
    drawn, kept = (
        set(re.findall(r'<path d="([^"]+)" clip-path', file.read_text()))
        for file in (tmp_path / 'losses.svg', ROOT / 'docs/images/losses.svg')
    )
    assert len(drawn) == len(kept) >= 9
