"""Contract: rooms import each other only as CONTRIBUTING.md allows, and modules stay short."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'mmvideomae'
MODULES = sorted(PACKAGE.rglob('*.py'))
ANY = None

# What the rooms may import from mmvideomae, besides themselves; ANY: everything.
# models/layers and models/data_preprocessors hold what the parts of a model share.
SHARED = {'models.layers', 'models.data_preprocessors'}
PART = {'registry', 'ops', *SHARED}
COMPOSITE = {'registry', 'ops'}
MODEL_ROOMS = {
    'models.layers': {'registry', 'ops'},
    'models.data_preprocessors': {'registry', 'ops'},
    'models.targets': {'registry', 'ops'},
    **{f'models.{name}': PART for name in ('backbones', 'necks', 'heads', 'tokenizers')},
    **{
        f'models.{name}': COMPOSITE
        for name in ('pretrainers', 'recognizers', 'localizers', 'detectors')
    },
}
# What is above `apis`, all of which it may use.
ABOVE_APIS = {
    'version',
    'registry',
    'configs',
    'compat',
    'errors',
    'storage',
    'ops',
    'masking',
    'video',
    'formats',
    'datasets',
    'models',
    *MODEL_ROOMS,
    'checkpoints',
    'engine',
    'evaluation',
    'visualization',
    'jobs',
}
ALLOWED: dict[str, set[str] | None] = {
    '__init__': {'compat', 'version'},
    '__main__': {'cli'},
    'version': set(),
    'compat': {'version', 'storage'},
    'errors': set(),
    'storage': {'errors'},
    'registry': {'errors'},
    'configs': {'version', 'registry', 'errors'},
    'ops': set(),
    'masking': {'registry', 'errors'},
    'video': {'compat', 'errors', 'storage'},
    'formats': {'version', 'errors', 'storage', 'ops'},
    'datasets': {'registry', 'errors', 'ops', 'masking', 'video', 'formats'},
    **MODEL_ROOMS,
    'models': set(MODEL_ROOMS),  # its __init__ gathers the rooms for the registry
    'checkpoints': {'errors', 'storage', 'ops'},
    'engine': {'version', 'registry', 'configs', 'errors', 'storage', 'ops', 'checkpoints'},
    'evaluation': {'registry', 'errors', 'ops', 'formats'},
    'visualization': {'registry', 'errors', 'storage', 'ops', 'video'},
    'jobs': {'errors', 'storage', 'video', 'formats'},
    'apis': ABOVE_APIS,
    'preparation': {
        'configs',
        'errors',
        'storage',
        'ops',
        'video',
        'formats',
        'datasets',
        'jobs',
        'apis',
    },
    'analysis': ABOVE_APIS | {'apis'},
    'synthetic': {'errors', 'storage', 'video', 'formats'},
    'cli': ANY,
}
# Rooms that have to stay usable and quick to import without the rest of the stack.
THIRD_PARTY = {
    'masking': {'numpy'},
    'ops': {'numpy', 'torch', 'torchvision'},
    'registry': {'mmaction', 'mmengine'},
    'version': set(),
}


class Import(NamedTuple):
    target: str
    line: int


def imports_of(path: Path, package_root: Path) -> Iterator[Import]:
    """Absolute names of everything that a module imports, wherever in the module it does."""
    parts = path.relative_to(package_root).with_suffix('').parts
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ''
            if node.level:
                base = '.'.join([*parts[: len(parts) - node.level], *filter(None, [node.module])])
            # `from mmvideomae import ops` names the room in the alias.
            yield from (Import(f'{base}.{alias.name}', node.lineno) for alias in node.names)


def room_of(dotted: str) -> str:
    """``'mmvideomae.models.heads.pixel'`` -> ``'models.heads'``."""
    parts = dotted.split('.')[1:]
    two = '.'.join(parts[:2])
    if two in ALLOWED:
        return two
    return parts[0] if parts else '__init__'


def violations(path: Path, package_root: Path = ROOT) -> list[str]:
    """What is wrong with the imports of one module of the package."""
    room = room_of('.'.join(path.relative_to(package_root).with_suffix('').parts))
    if room not in ALLOWED:
        return [f'{room}: no such room in the table of CONTRIBUTING.md']
    found = []
    for target, line in imports_of(path, package_root):
        top = target.split('.')[0]
        if top == 'mmvideomae':
            allowed, other = ALLOWED[room], room_of(target)
            if allowed is not ANY and other != room and other not in allowed:
                found.append(f'{path.name}:{line}: {room} imports {target}')
        elif room in THIRD_PARTY and not is_standard(top) and top not in THIRD_PARTY[room]:
            found.append(f'{path.name}:{line}: {room} imports {target}')
    return found


def is_standard(module: str) -> bool:
    return module in sys.stdlib_module_names


@pytest.mark.parametrize('path', MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_stay_within_the_table(path: Path) -> None:
    assert violations(path) == []


@pytest.mark.parametrize(
    ('where', 'code', 'fine'),
    [
        ('datasets/a.py', 'from mmvideomae.models import VideoMAE', False),
        ('datasets/a.py', 'import mmvideomae.engine.hooks', False),
        ('datasets/a.py', 'from mmvideomae import ops, masking', True),
        ('datasets/a.py', 'from mmvideomae import engine', False),
        ('datasets/readers/a.py', 'from ..transforms import x', True),
        ('datasets/readers/a.py', 'from ...models import x', False),
        ('datasets/a.py', 'def f():\n    from mmvideomae.evaluation import x', False),
        ('masking/a.py', 'import numpy as np\nfrom mmvideomae.registry import X', True),
        ('masking/a.py', 'import torch', False),
        ('ops/a.py', 'from mmvideomae.registry import X', False),
        ('ops/a.py', 'import math\nimport torch.nn.functional as F', True),
        ('models/heads/a.py', 'from mmvideomae.models.layers import x', True),
        ('models/heads/a.py', 'from mmvideomae.models.backbones import x', False),
        ('models/heads/a.py', 'from ..backbones.vit import x', False),
        ('models/heads/a.py', 'from .other import x', True),
        ('models/pretrainers/a.py', 'from mmvideomae.models.heads.x import y', False),
        ('models/__init__.py', 'from mmvideomae.models.heads import y', True),
        ('utils/a.py', '', False),
        ('apis/a.py', 'from mmvideomae.engine import x', True),
        ('engine/a.py', 'from mmvideomae.synthetic import x', False),
        ('formats/a.py', 'from mmvideomae.video import x', False),
        ('analysis/a.py', 'from mmvideomae.apis import x', True),
        ('apis/a.py', 'from mmvideomae.analysis import x', False),
        ('cli/a.py', 'from mmvideomae.preparation import x', True),
    ],
)
def test_the_check_itself(tmp_path: Path, where: str, code: str, fine: bool) -> None:
    path = tmp_path / 'mmvideomae' / where
    path.parent.mkdir(parents=True)
    path.write_text(code, encoding='utf-8')
    assert (violations(path, tmp_path) == []) is fine


# One for each kind of synthetic data, and for each command, called through its module.
OF_EACH_KIND = {'main', 'make', 'options', 'run', 'settings_text'}


def test_a_public_name_has_one_meaning() -> None:
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding='utf-8')).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name[0] != '_':
                places.setdefault(node.name, []).append(str(path.relative_to(PACKAGE)))
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert twice.keys() <= OF_EACH_KIND, twice


@pytest.mark.parametrize('folder', [PACKAGE, ROOT / 'tools'], ids=lambda folder: folder.name)
def test_modules_have_300_lines_at_most(folder: Path) -> None:
    lengths = {path: len(path.read_bytes().splitlines()) for path in folder.rglob('*.py')}
    assert {str(path): length for path, length in lengths.items() if length > 300} == {}


def repository_files() -> list[Path]:
    """Files that belong to the project, text only."""
    command = ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z']
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip('not a git checkout')
    files = [ROOT / name for name in listed.stdout.split('\0') if name]
    return [file for file in files if file.is_file() and b'\0' not in file.read_bytes()[:4096]]


def test_no_file_names_a_path_or_host_of_the_place_it_was_written_at() -> None:
    # A folder of one machine, or an index that only some networks see; spelt so that this file
    # does not match itself.
    homes = '|'.join(['work', 'root', 'opt/(?:pypi|wheels)', 'home/[a-z]'])
    pattern = re.compile(rf'(?<![\w.$}}>*)-])/(?:{homes})(?:/|\b)|index-url|trusted-host')
    found = []
    for file in repository_files():
        if file == Path(__file__).resolve():
            continue
        lines = file.read_text(encoding='utf-8', errors='replace').splitlines()
        found += [
            f'{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}'
            for number, line in enumerate(lines, 1)
            if pattern.search(line)
        ]
    assert found == []


def test_decord_is_never_imported_before_torch() -> None:
    found = []
    for file in repository_files():
        if file.suffix != '.py' or PACKAGE in file.parents:
            continue  # importing any module of the package loads torch first
        lines = [
            (line, target.split('.')[0])
            for target, line in sorted(imports_of(file, ROOT), key=lambda each: each.line)
        ]
        firsts = {top: line for line, top in reversed(lines)}
        loads_torch = min(firsts.get('torch', 10**6), firsts.get('mmvideomae', 10**6))
        if firsts.get('decord', 10**6 + 1) < loads_torch:
            found.append(str(file.relative_to(ROOT)))
    assert found == []
