"""Contract: a wheel contains every module, config and tool, and declares its requirements."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / 'requirements'
COPIED = ('mmvideomae', 'configs', 'tools', 'requirements', 'docs')
FILES = (
    'setup.py',
    'pyproject.toml',
    'MANIFEST.in',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'Makefile',
    'mkdocs.yml',
    'model-index.yml',
    'dataset-index.yml',
)
# Name of an import -> name of the distribution, where they differ.
DISTRIBUTIONS = {
    'cv2': 'opencv-python',
    'PIL': 'pillow',
    'yaml': 'pyyaml',
    'mmaction': 'mmaction2',
}
IMPORT_ALL = """
import importlib, pkgutil, sys
import mmvideomae
assert mmvideomae.__file__.startswith(sys.argv[1]), mmvideomae.__file__
names = [module.name for module in pkgutil.walk_packages(mmvideomae.__path__, 'mmvideomae.')]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


@pytest.fixture(scope='module')
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, so that building leaves nothing behind in the real one."""
    target = tmp_path_factory.mktemp('checkout')
    ignore = shutil.ignore_patterns('__pycache__', '.mim', '*.egg-info')
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=ignore)
    for name in FILES:
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, target / name)
    return target


@pytest.fixture(scope='module')
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel, built without network and without an isolated environment."""
    out = tmp_path_factory.mktemp('wheel')
    flags = ['--no-build-isolation', '--no-deps', '--no-index', '--no-cache-dir', '-q']
    run([sys.executable, '-m', 'pip', 'wheel', *flags, '-w', str(out), str(checkout)], cwd=out)
    (file,) = out.glob('mmvideomae-*.whl')
    assert file.name.endswith('-py3-none-any.whl')
    with zipfile.ZipFile(file) as archive:
        archive.extractall(out / 'unpacked')
    return out / 'unpacked'


def run(command: list[str], cwd: Path, **env: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, 'OMP_NUM_THREADS': '1', **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def relative_files(folder: Path) -> set[str]:
    """Files below a folder, without what Python leaves behind."""
    return {
        str(file.relative_to(folder))
        for file in folder.rglob('*')
        if file.is_file() and '__pycache__' not in file.parts and file.suffix != '.pyc'
    }


def requirement_lines(name: str) -> list[Requirement]:
    lines = (REQUIREMENTS / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    return [Requirement(line.split('#')[0]) for line in lines if line.split('#')[0].strip()]


def test_wheel_holds_every_module_config_and_tool(wheel: Path) -> None:
    mim = wheel / 'mmvideomae' / '.mim'
    assert relative_files(mim / 'configs') == relative_files(ROOT / 'configs')
    tools = {file for file in relative_files(ROOT / 'tools') if not file.startswith('dev/')}
    assert relative_files(mim / 'tools') == tools
    assert relative_files(mim / 'requirements') == relative_files(REQUIREMENTS)
    for index in ('model-index.yml', 'dataset-index.yml'):
        assert (mim / index).exists() is (ROOT / index).exists()
    packaged = {file for file in relative_files(wheel / 'mmvideomae') if file.endswith('.py')}
    packaged = {file for file in packaged if not file.startswith('.mim/')}
    modules = {file for file in relative_files(ROOT / 'mmvideomae') if file.endswith('.py')}
    assert packaged == {file for file in modules if not file.startswith('.mim/')}


def test_every_module_of_the_wheel_can_be_imported(wheel: Path, tmp_path: Path) -> None:
    out = run([sys.executable, '-c', IMPORT_ALL, str(wheel)], cwd=tmp_path, PYTHONPATH=str(wheel))
    assert int(out) > 20


def test_the_wheel_has_the_command(wheel: Path, tmp_path: Path) -> None:
    (points,) = wheel.glob('*.dist-info/entry_points.txt')
    assert 'mmvideomae = mmvideomae.cli.main:main' in points.read_text(encoding='utf-8')
    for name in ('jump', 'run'):
        for number in range(2):
            (tmp_path / 'videos' / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / 'videos' / name / f'{number}.mp4').touch()
    command = [sys.executable, '-m', 'mmvideomae', 'data', 'make-annotations', 'videos', 'lists']
    assert '2 classes' in run(command, cwd=tmp_path, PYTHONPATH=str(wheel))
    ask = 'from mmvideomae.version import shipped; print(*shipped("configs/demo").glob("*.py"))'
    found = run([sys.executable, '-c', ask], cwd=tmp_path, PYTHONPATH=str(wheel)).split()
    assert found and all(name.startswith(str(wheel)) for name in found)


def test_wheel_forces_neither_kind_of_mmcv(wheel: Path) -> None:
    (metadata,) = wheel.glob('*.dist-info/METADATA')
    text = metadata.read_text(encoding='utf-8')
    required = re.findall(r'^Requires-Dist: (.+)$', text, re.MULTILINE)
    plain = {Requirement(line).name for line in required if 'extra ==' not in line}
    assert {'torch', 'mmengine', 'mmaction2', 'decord', 'numpy'} <= plain
    assert not plain & {'mmcv', 'mmcv-lite', 'mmdet'}
    extras = set(re.findall(r'^Provides-Extra: (.+)$', text, re.MULTILINE))
    named = {'core', 'detection', 'tests', 'docs', 'all', 'mim'}
    assert extras == named | {'app', 'lmdb', 'torchcodec', 's3', 'gs', 'http', 'ray', 'export'}
    for name in extras - {'mim'}:
        asked = [Requirement(line) for line in required if f'extra == "{name}"' in line]
        assert asked, f'the extra {name} asks for nothing'
        everything = {each.name for each in asked}
        if name not in ('core', 'all'):  # core is the other kind of mmcv
            assert everything <= {
                Requirement(line).name for line in required if 'extra == "all"' in line
            }, name
    assert list(wheel.glob('*.dist-info/**/LICENSE'))


def test_source_distribution_can_build_the_same_wheel(checkout: Path, tmp_path: Path) -> None:
    run([sys.executable, 'setup.py', '-q', 'sdist', '-d', str(tmp_path)], cwd=checkout)
    (file,) = tmp_path.glob('*.tar.gz')
    with tarfile.open(file) as archive:
        names = {name.partition('/')[2] for name in archive.getnames()}
    for folder in ('configs', 'tools', 'requirements'):
        assert {f'{folder}/{name}' for name in relative_files(ROOT / folder)} <= names
    assert {'setup.py', 'pyproject.toml', 'LICENSE', 'README.md'} <= names


def test_editable_installation_links_to_the_checkout(checkout: Path, tmp_path: Path) -> None:
    code = 'import sys; from setuptools.build_meta import build_editable as b; b(sys.argv[1])'
    run([sys.executable, '-c', code, str(tmp_path)], cwd=checkout)
    for name in ('configs', 'tools', 'requirements'):
        link = checkout / 'mmvideomae' / '.mim' / name
        assert link.is_symlink()
        assert not Path(os.readlink(link)).is_absolute()
        assert link.resolve() == (checkout / name).resolve()


def test_everything_that_is_imported_is_declared() -> None:
    declared = {requirement.name.lower() for requirement in requirement_lines('runtime')}
    # Neither kind of mmcv is declared; the others are asked for where they are used and say so.
    declared |= {'mmcv', 'mmdet', 'lmdb', 'onnxruntime', 'torchcodec', 'transformers'}
    declared |= {'moto', 'werkzeug', 'ray', 'gradio', 'wandb'}
    missing: dict[str, str] = {}
    for file in (ROOT / 'mmvideomae').rglob('*.py'):
        if '.mim' in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or '']
            for top in (name.partition('.')[0] for name in names):
                known = top in sys.stdlib_module_names or top == 'mmvideomae'
                if not known and DISTRIBUTIONS.get(top, top).lower() not in declared:
                    missing[top] = str(file.relative_to(ROOT))
    assert missing == {}


@pytest.mark.parametrize(
    'name', ['runtime', 'core', 'detection', 'build', 'lint', 'tests', 'docs', 'optional', 'app']
)
def test_tested_versions_lie_within_the_ranges(name: str) -> None:
    for python in ('3.10', '3.11', '3.12', '3.13', '3.14'):
        environment = {**default_environment(), 'python_version': python}
        pins: dict[str, str] = {}
        for pin in requirement_lines('constraints'):
            if pin.marker is None or pin.marker.evaluate(environment):
                (specifier,) = pin.specifier
                assert specifier.operator == '==', pin
                assert pin.name.lower() not in pins, f'{pin.name} is held twice on {python}'
                pins[pin.name.lower()] = specifier.version
        for requirement in requirement_lines(name):
            if requirement.name == 'wandb':
                continue  # asked for by a config, not part of any tested set
            if requirement.marker and not requirement.marker.evaluate(environment):
                continue
            assert requirement.specifier.contains(pins[requirement.name.lower()]), requirement


def test_both_opencv_builds_are_held_at_one_version() -> None:
    pins = {pin.name: str(pin.specifier) for pin in requirement_lines('constraints')}
    assert pins['opencv-python'] == pins['opencv-contrib-python']


def test_make_knows_the_documented_targets() -> None:
    text = (ROOT / 'Makefile').read_text(encoding='utf-8')
    documented = set(re.findall(r'^([a-z-]+):.*## ', text, re.MULTILINE))
    assert documented >= {
        'demo',
        'test',
        'test-all',
        'lint',
        'bench',
        'docs',
        'claims',
        'install',
        'install-detection',
    }
    assert os.access(ROOT / '.ci' / 'run', os.X_OK)
