"""Contract: help, mistakes, wrong paths and the making of lists import none of the slow packages.

Options offer exactly the choices that the code behind them accepts.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mmvideomae.analysis.complexity import COUNTS
from mmvideomae.analysis.eval_boxes import PROTOCOLS
from mmvideomae.apis.person_boxes import PERSON
from mmvideomae.checkpoints import WRITABLE
from mmvideomae.cli import commands
from mmvideomae.cli.commands import convert, eval_boxes, flops, probe, reconstruct
from mmvideomae.cli.commands.data import detect_people
from mmvideomae.ops.neighbours import DISTANCES
from mmvideomae.visualization.figure import LAYOUTS
from mmvideomae.visualization.reconstruction import STATISTICS

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = Path(commands.__file__).parent
TOOLS = sorted(
    tool
    for tool in (ROOT / 'tools').rglob('*.py')
    if "__name__ == '__main__'" in tool.read_text(encoding='utf-8') and tool.parent.name != 'dev'
)
# Runs lines of words in one process, in which the slow packages cannot be imported.
RUN_ALL = """
import contextlib, importlib.abc, io, json, runpy, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in {'torch', 'torchvision', 'mmengine', 'mmcv', 'mmaction', 'mmdet', 'decord',
                    'timm', 'matplotlib', 'scipy', 'pandas', 'transformers', 'ray'}:
            raise RuntimeError(f'{sys.argv} imports {name}')

sys.meta_path.insert(0, Refuse())
done = []
for words in json.loads(sys.stdin.read()):
    sys.argv, sys.path[0] = words, words[0].rpartition('/')[0]  # as for a script
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(words[0], run_name='__main__')
        except SystemExit as stop:
            code = stop.code
    done.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(done))
"""


def run_all(lines: list[list[str]], cwd: Path) -> list[list[Any]]:
    """Exit status, stdout and stderr of tools with their arguments."""
    done = subprocess.run(
        [sys.executable, '-c', RUN_ALL],
        input=json.dumps(lines),
        cwd=cwd,
        env={'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_every_command_has_a_tool() -> None:
    modules = {'.'.join(p.relative_to(COMMANDS).with_suffix('').parts) for p in
               COMMANDS.rglob('*.py') if p.stem != '__init__'}  # fmt: skip
    texts = ''.join(tool.read_text(encoding='utf-8') for tool in TOOLS)
    assert modules == {m for m in modules if f'commands.{m} import main' in texts}


def test_help_mistakes_wrong_paths_and_lists_need_nothing_slow(tmp_path: Path) -> None:
    (tmp_path / 'videos' / 'jump').mkdir(parents=True)
    for name in 'ab':
        (tmp_path / 'videos' / 'jump' / f'{name}.mp4').touch()
    wrong = ('gone.py', 'gone.pth', 'gone.mp4', 'out')
    helps = [[str(tool), '--help'] for tool in TOOLS]
    mistakes = [[str(tool), '--no-such-option'] for tool in TOOLS]
    tool = str(ROOT / 'tools')
    others = [
        [f'{tool}/train.py', wrong[0]],
        [f'{tool}/test.py', *wrong[:2]],
        [f'{tool}/demo/classify.py', *wrong[:3]],
        [f'{tool}/misc/extract_features.py', *wrong],
        [f'{tool}/visualizations/reconstruct.py', *wrong],
        [f'{tool}/misc/weights.py', 'list'],
        [f'{tool}/data/make_annotations.py', 'videos', 'out'],
    ]
    done = run_all([*helps, *mistakes, *others], tmp_path)
    for (name, _), (code, out, _) in zip(helps, done, strict=False):
        assert code == 0 and out.startswith(f'usage: {Path(name).name}'), name
    for (name, _), (code, out, err) in zip(mistakes, done[len(helps) :], strict=False):
        assert code == 2 and not out and err.startswith(f'usage: {Path(name).name}'), name
    *refused, weights, made = done[len(helps + mistakes) :]
    for code, out, err in refused:
        told = code if isinstance(code, str) else err
        assert code and not out and f'config not found: gone.py in {tmp_path}' in told
        assert told.count('\n') <= 1
    assert weights[0] == 0 and 'videomae_vit-base' in weights[1]
    assert made[0] == 0 and (tmp_path / 'out' / 'train.csv').is_file()


@pytest.mark.parametrize(
    ('command', 'option', 'accepted'),
    [
        (convert, 'to', WRITABLE),
        (eval_boxes, 'protocol', PROTOCOLS),
        (flops, 'count', COUNTS),
        (probe, 'distance', DISTANCES),
        (reconstruct, 'layout', LAYOUTS),
        (reconstruct, 'statistics', STATISTICS),
    ],
)
def test_options_offer_what_the_code_accepts(command: Any, option: str, accepted: Any) -> None:
    actions = command.options()._actions
    choices = next(each.choices for each in actions if each.dest == option and each.choices)
    assert sorted(choices) == sorted(accepted)


def test_people_are_looked_for_by_default() -> None:
    assert detect_people.options().get_default('category') == PERSON
