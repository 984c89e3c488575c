"""Contract: the notebooks run from top to bottom, hold no outputs, and lead to one another."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'docs' / 'notebooks'
NAMES = ('pretrain', 'finetune', 'features', 'localize')  # each uses what those before have made
# Instead of what the first code cell of each sets.
SMALL = {
    'pretrain': 'epochs, clips = 1, 6',
    'finetune': "epochs, start = 1, 'work_dirs/pretrain/epoch_1.pth'",
    'features': "checkpoint = 'work_dirs/finetune/epoch_1.pth'",
    'localize': 'films, epochs = 4, 1',
}
FAST = (
    'train_dataloader.num_workers=0 train_dataloader.persistent_workers=False '
    'model.backbone.arch.depth=1'
)
# Does what Jupyter does with a line that begins with an exclamation mark, in this process.
SHELL = """
import os, shlex, sys
from mmvideomae.cli.main import main
def shell(line):
    words = shlex.split(line)
    while '=' in words[0]:
        os.environ.__setitem__(*words.pop(0).split('=', 1))
    assert words[0] == 'mmvideomae', line
    sys.argv = words
    stop = main()
    assert not stop, (line, stop)
"""


def read(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f'{name}.ipynb').read_text(encoding='utf-8'))


def code(name: str) -> list[str]:
    return [''.join(cell['source']) for cell in read(name)['cells'] if cell['cell_type'] == 'code']


def shortened(line: str) -> str:
    """A call of the shell as Python; training is of one block, in this process."""
    if 'mmvideomae train {detector}' in line:
        line += f' {FAST.rpartition(" ")[0]} train_cfg.val_begin=1'
    elif 'mmvideomae train' in line:
        line += f' {FAST} default_hooks.checkpoint.interval=1'
    if 'synthesize actions' in line:
        line += ' --workers 1 --frames 20'
    elif 'synthesize untrimmed' in line:
        line = line.replace('--val 10', '--val 2') + ' --workers 1 --seconds 8 10'
        line += ' --segment-seconds 1 2 --gap-seconds 0.5 1'
    line = line.replace('--min-score 0.1', '--min-score 0.0')
    return f'shell(f{line.removeprefix("!")!r})'


def as_python(name: str) -> str:
    """The code cells of a notebook as one module, in a namespace of its own."""
    first, *others = code(name)
    lines = [line for cell in [first, SMALL[name], *others] for line in cell.split('\n')]
    return '\n'.join(shortened(line) if line.startswith('!') else line for line in lines)


@pytest.mark.parametrize('name', NAMES)
def test_it_holds_no_outputs_and_begins_with_its_title_and_settings(name: str) -> None:
    notebook = read(name)
    title, settings = notebook['cells'][:2]
    assert notebook['nbformat'] == 4 and title['source'][0].startswith('# ')
    assert settings['metadata']['tags'] == ['parameters']
    assert len({cell['id'] for cell in notebook['cells']}) == len(notebook['cells'])
    for cell in notebook['cells']:
        assert not cell.get('outputs') and cell.get('execution_count') is None


@pytest.mark.parametrize('name', NAMES)
def test_its_links_lead_to_pages_and_notebooks(name: str) -> None:
    text = ''.join(
        line
        for cell in read(name)['cells']
        if cell['cell_type'] == 'markdown'
        for line in cell['source']
    )
    links = re.findall(r'\]\(([^)#]+)', text)
    assert links and all((FOLDER / link).is_file() for link in links)


@pytest.mark.slow
def test_they_run_one_after_the_other(tmp_path: Path, run_page: Callable[..., str]) -> None:
    for name in NAMES:
        (tmp_path / f'{name}.py').write_text(as_python(name), encoding='utf-8')
    runs = '\n'.join(f"exec(open('{name}.py').read(), {{'shell': shell}})" for name in NAMES)
    head = "import matplotlib\nmatplotlib.use('Agg')\n"
    printed = run_page(tmp_path, [], f'{head}{SHELL}{runs}')
    assert (tmp_path / 'work_dirs/pretrain/clip.gif').stat().st_size > 1000
    (score,) = re.findall(r'^([\d.]+) of the neighbours are of the same class$', printed, re.M)
    assert 0 <= float(score) <= 1
    assert len(re.findall(r'^0\.\d{3} move_\w+$', printed, re.M)) == 3  # classes of a new video
    found = json.loads((tmp_path / 'work_dirs/found/segments.json').read_text())
    assert len(found['results']) == 1
