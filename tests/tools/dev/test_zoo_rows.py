"""Contract: the model zoo has every recipe and public weight, and its filters work."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from mmvideomae.checkpoints import published_weights
from tests.support.browser import find_browser, visit
from tests.support.leaves import LEAVES

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = (ROOT / 'tools' / 'dev' / 'docs_zoo.js').read_text(encoding='utf-8')


@pytest.fixture(scope='module')
def module() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / 'tools' / 'dev'))
        yield importlib.import_module('zoo_rows')
    sys.modules.pop('zoo_rows')


def test_every_recipe_has_a_row(module: ModuleType) -> None:
    rows = module.recipes(ROOT)
    assert {ROOT / row.config for row in rows} == set(LEAVES)
    assert len({row.name for row in rows}) == len(rows)


def test_every_public_weight_has_a_row_that_links_to_it(module: ModuleType) -> None:
    rows = {row.config: row for row in module.recipes(ROOT)}
    for name, entry in published_weights().items():
        row = rows[f'configs/{entry.config}']
        address = f'https://huggingface.co/{entry.repo}' if entry.repo else None
        address = address or entry.address or entry.page
        assert f'[{name}]({address})' in row.weights
        assert (entry.licence or 'not stated') in row.licence


def test_a_row_says_who_reports_its_figure_and_what_it_costs(module: ModuleType) -> None:
    rows = {row.name: row for row in module.recipes(ROOT)}
    row = rows['videomae_vit-base-p16_64xb32-16x4x1-800e_kinetics400']
    assert row[2:6] == (
        'Pre-training',
        'Kinetics-400',
        'base',
        '80.0 top-1 on Kinetics-400 (paper)',
    )
    assert row.cost == '35.48 G per view<br>94.2 M parameters<br>800 epochs<br>64 GPUs'
    assert 'videomae_vit-base_k400-pretrain-800e' in row.weights
    assert row.licence == 'CC-BY-NC-4.0'
    assert rows['adatad_vit-small-p16_2xb1-768x4x1-60e_thumos14'].figure.endswith(
        '([OpenTAD](https://github.com/sming256/OpenTAD))'
    )
    for each in rows.values():
        assert len(re.findall(r' \(\[?[\w ]+\]?', each.figure)) == each.figure.count(' on ')


def test_a_figure_without_its_source_is_refused(module: ModuleType) -> None:
    with pytest.raises(ValueError, match='by whom'):
        list(module._figures([{'Dataset': 'UCF101', 'Metrics': {'Top 1 Accuracy': 90.0}}]))


@pytest.mark.skipif(find_browser() is None, reason='no chromium')
def test_filters_hide_other_rows(module: ModuleType, tmp_path: Path) -> None:
    text = re.sub(r'\[(.+?)\]\((.+?)\)', r'<a href="\2">\1</a>', module.table(module.recipes(ROOT)))
    head, _, *lines = (line[2:-2].split(' | ') for line in text.splitlines())
    heads = ''.join(f'<th>{cell}</th>' for cell in head)
    rows = ''.join(f'<tr>{"".join(f"<td>{cell}</td>" for cell in line)}</tr>' for line in lines)
    page = tmp_path / 'zoo.html'
    page.write_text(
        '<body class="md-content"><div id="zoo-filter"></div>'
        f'<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
        f'<script>{SCRIPT}</script></body>',
        encoding='utf-8',
    )
    choose = (
        "const [task, data, size] = document.querySelectorAll('select');"
        "const check = document.querySelector('[type=checkbox]');"
        "task.value = 'Pre-training'; data.value = 'Kinetics-400'; size.value = 'base';"
        "check.checked = true; check.dispatchEvent(new Event('input'))"
    )
    seen = visit(page, tmp_path, action=choose)
    wanted = [
        row
        for row in module.recipes(ROOT)
        if (row.task, row.data, row.size) == ('Pre-training', 'Kinetics-400', 'base')
        and row.weights
    ]
    shown = re.findall(r'<tr><td><a href="(.+?)">', seen.tree)
    assert len(wanted) > 1 and shown == [row.config for row in wanted]
    assert f'<output>{len(wanted)} of {len(lines)} recipes</output>' in seen.tree
