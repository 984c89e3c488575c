"""The rules of the doctor: versions that belong together, problems and their fixes.

Standard library only, like the doctor itself.  The rules read only a `State`.
"""

import importlib.metadata
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmvideomae.compat.versions import release
from mmvideomae.version import shipped

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = shipped('requirements')
PYTHONS = ((3, 10), (3, 14))
PACKAGES = (
    *('torch', 'torchvision', 'numpy', 'mmengine', 'mmcv', 'mmcv-lite', 'mmaction2', 'mmdet'),
    *('decord', 'av', 'torchcodec', 'lmdb', 'timm', 'opencv-python', 'opencv-contrib-python'),
    *('opencv-python-headless', 'opencv-contrib-python-headless', 'setuptools', 'transformers'),
)
NEEDED = ('torch', 'torchvision', 'numpy', 'mmengine', 'mmaction2', 'decord', 'av', 'timm')


@dataclass
class Trial:
    """The outcome of one trial: its values, or the last line of its error."""

    ok: bool
    values: dict = field(default_factory=dict)
    error: str = ''


@dataclass
class State:
    """Everything known about the machine; the rules below read nothing else."""

    python: tuple[int, int]
    versions: dict[str, str]
    probes: dict[str, Trial]
    has_nvidia_gpu: bool = False

    def works(self, name: str) -> bool:
        return self.probes[name].ok

    def error(self, name: str) -> str:
        return self.probes[name].error

    @property
    def level(self) -> str | None:
        """The level that is completely installed: detection, core or none."""
        if not self.works('mmvideomae'):
            return None
        return 'detection' if self.works('mmcv.ops') and 'mmdet' in self.versions else 'core'


@dataclass
class Finding:
    """`severity` is error, warning or note; `mend` is a command, empty where nothing is to do."""

    severity: str
    problem: str
    mend: str = ''


# What is installed --------------------------------------------------------------------------------


def read_requirements(name: str) -> dict[str, str]:
    """Specifiers of a requirements file by distribution; for constraints, those for this Python."""
    found = {}
    for raw in (REQUIREMENTS / f'{name}.txt').read_text(encoding='utf-8').splitlines():
        line, _, marker = raw.partition('#')[0].partition(';')
        match = re.match(r'\s*([A-Za-z0-9._-]+)\s*(.*?)\s*$', line)
        older = '<' in marker  # the only markers in use compare python_version with 3.11
        if match and (not marker or older == (sys.version_info < (3, 11))):
            found[match[1].lower()] = match[2]
    return found


def within(version: str, specifiers: str) -> bool:
    """Whether a version satisfies comma-separated bounds such as '>=1.24,<2'."""
    compare: dict[str, Callable[[tuple, tuple], bool]] = {
        '>=': lambda a, b: a >= b,
        '<': lambda a, b: a < b,
        '==': lambda a, b: a[: len(b)] == b,
    }
    for bound in filter(None, specifiers.split(',')):
        _, operator, number = re.split(r'\s*(>=|==|<)\s*', bound, maxsplit=1)
        if not compare[operator](release(version), release(number.strip())):
            return False
    return True


def installed_versions() -> dict[str, str]:
    """Versions of the relevant packages by distribution, found without importing them."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        for distribution in importlib.metadata.distributions(name=name):
            found.setdefault(name, distribution.version)
    return found


def package_table(versions: dict[str, str]) -> dict[str, dict[str, str | None]]:
    """Installed, tested and supported version of each package, and whether they agree."""
    pins = read_requirements('constraints')
    tested = {name: specifier.removeprefix('==') for name, specifier in pins.items()}
    for name in ('opencv-python', 'opencv-contrib-python'):
        tested[f'{name}-headless'] = tested[name]  # the same version without a display
    ranges = read_requirements('optional')  # requirements of the tests alone do not bind users
    for level in ('core', 'detection', 'runtime', 'build'):
        ranges.update(read_requirements(level))
    table: dict[str, dict[str, str | None]] = {}
    for name in PACKAGES:
        version = versions.get(name)
        if version is None:
            status = 'missing' if name in NEEDED else 'absent'
        elif release(version) == release(tested.get(name, '0')):
            status = 'tested'
        else:
            status = 'untested' if within(version, ranges.get(name, '')) else 'unsupported'
        table[name] = {
            'installed': version,
            'tested': tested.get(name),
            'supported': ranges.get(name),
            'status': status,
        }
    return table


# What is wrong ------------------------------------------------------------------------------------


def find_python(state: State) -> Iterator[Finding]:
    if not PYTHONS[0] <= state.python <= PYTHONS[1]:
        problem = f'Python {".".join(map(str, state.python))} is not supported: 3.10 to 3.14 are'
        yield Finding('error', problem, 'rm -r .venv && make install PYTHON=python3.11')


def find_torch(state: State) -> Iterator[Finding]:
    mend = f'pip install {pin("torch")} {pin("torchvision")}'
    if 'torch' not in state.versions:
        yield Finding('error', 'torch is missing', mend)
    elif not state.works('torch'):
        yield Finding('error', f'torch cannot be imported: {state.error("torch")}', mend)
    elif 'torchvision' not in state.versions:
        yield Finding('error', 'torch is installed without torchvision', mend)
    elif not state.works('torchvision'):
        problem = f'torchvision does not fit this torch: {state.error("torchvision")}'
        yield Finding('error', problem, mend)
    elif state.has_nvidia_gpu and not state.probes['torch'].values['gpus']:
        cuda = state.probes['torch'].values['cuda']
        problem = f'there is an NVIDIA GPU, but torch (built for CUDA {cuda}) does not see it'
        yield Finding('warning', problem, f'update the NVIDIA driver, or {mend} (a CUDA build)')


def find_numpy(state: State) -> Iterator[Finding]:
    if 'numpy' not in state.versions:
        yield Finding('error', 'numpy is missing', f'pip install {pin("numpy")}')


def find_opencv(state: State) -> Iterator[Finding]:
    builds = {n: v for n, v in state.versions.items() if n.startswith('opencv-')}
    # The first three numbers are OpenCV's, the fourth is the packaging's.
    pins = ' '.join(f'{n}=={pin("opencv-python").partition("==")[2]}' for n in builds)
    if not builds:
        both = f'{pin("opencv-python")} {pin("opencv-contrib-python")}'
        yield Finding('error', 'OpenCV is missing', f'pip install {both}')
    elif len({release(version) for version in builds.values()}) > 1:
        named = ', '.join(f'{name} {version}' for name, version in builds.items())
        problem = f'builds of different versions share the folder cv2: {named}'
        yield Finding('error', problem, f'pip install --force-reinstall --no-deps {pins}')
    elif not state.works('cv2'):
        error = state.error('cv2')
        if 'cannot open shared object file' in error:  # those of a display, such as libGL
            headless = pin('opencv-python').replace('python', 'python-headless')
            mend = f'pip install --force-reinstall --no-deps {headless}'
        else:
            mend = f'pip install --force-reinstall --no-deps {pins}'
        yield Finding('error', f'cv2 cannot be imported: {error}', mend)


def install_command(level: str, from_source: bool = False) -> str:
    """The command that installs a level: make in a checkout, pip for an installed package."""
    if (ROOT / 'Makefile').exists():
        target = 'make install-detection' if level == 'detection' else 'make install'
        return target + (' MMCV_FROM_SOURCE=1' if from_source else '')
    if level == 'core':
        return f'pip install {pin("mmcv-lite")}'
    # Neither pip's cache nor an isolated environment: the wheel has to fit exactly this torch.
    flags = '--no-build-isolation --no-cache-dir --no-binary mmcv --force-reinstall --no-deps'
    return f"pip install 'setuptools<81' && pip install {flags} {pin('mmcv')} {pin('mmdet')}"


def find_mmcv(state: State) -> Iterator[Finding]:
    full, lite = state.versions.get('mmcv'), state.versions.get('mmcv-lite')
    if full and lite:
        problem = 'mmcv and mmcv-lite are both installed and overwrite each other'
        mend = f'pip uninstall -y mmcv mmcv-lite && {install_command("detection")}'
        yield Finding('error', problem, mend)
    elif not full and not lite:
        problem = 'neither mmcv-lite nor mmcv is installed'
        yield Finding('error', problem, install_command('core'))
    elif not within(full or lite or '', '>=2.0.0,<2.2.0'):
        problem = f'mmaction2 1.2.0 and mmdet 3.3.0 refuse mmcv {full or lite}'
        name = 'mmcv' if full else 'mmcv-lite'
        again = install_command('detection' if full else 'core')
        yield Finding('error', problem, f'pip uninstall -y {name} && {again}')
    elif not state.works('mmcv') and state.works('torch'):
        mend = install_command('detection' if full else 'core')
        yield Finding('error', f'mmcv cannot be imported: {state.error("mmcv")}', mend)
    elif full and not state.works('mmcv.ops') and state.works('torch'):
        problem = f'mmcv was built for another torch: {state.error("mmcv.ops")}'
        yield Finding('error', problem, install_command('detection', from_source=True))
    elif lite and 'mmdet' in state.versions:
        problem = 'mmdet needs the full mmcv, but mmcv-lite is installed: no action detection'
        yield Finding('warning', problem, install_command('detection'))
    elif lite:
        problem = 'action detection, which needs the full mmcv and mmdet, is not installed'
        yield Finding('note', problem, install_command('detection'))


def find_openmmlab(state: State) -> Iterator[Finding]:
    missing = [pin(name) for name in NEEDED if name not in state.versions]
    others = [each for each in missing if not each.startswith(('torch', 'numpy', 'decord', 'av='))]
    if others:
        problem = f'missing: {", ".join(others)}'
        yield Finding('error', problem, f'pip install {" ".join(others)}')
    if 'mmengine' in state.versions and not state.works('pkg_resources'):
        version = state.versions.get('setuptools')
        problem = f'mmengine needs pkg_resources, which setuptools {version or "(missing)"} lacks'
        yield Finding('error', problem, "pip install 'setuptools<81'")


def find_readers(state: State) -> Iterator[Finding]:
    for name in ('decord', 'av'):
        if name not in state.versions:
            yield Finding('error', f'{name} is missing', f'pip install {pin(name)}')
        elif not state.works(name) and state.works('torch'):
            problem = f'{name} cannot decode: {state.error(name)}'
            yield Finding('error', problem, f'pip install --force-reinstall --no-deps {pin(name)}')
    if 'torchcodec' in state.versions and not state.works('torchcodec') and state.works('torch'):
        problem = f'torchcodec cannot decode: {state.error("torchcodec")}'
        mend = 'apt install ffmpeg (its libraries, 4 to 8), or pip uninstall torchcodec'
        yield Finding('warning', problem, mend)


def find_ranges(state: State) -> Iterator[Finding]:
    for name, row in package_table(state.versions).items():
        if row['status'] == 'unsupported' and not name.startswith(('opencv', 'mmcv')):
            problem = f'{name} {row["installed"]} is outside {row["supported"]}'
            yield Finding('warning', problem, f'pip install {pin(name)}')


def find_handled(state: State) -> Iterator[Finding]:
    """Known bad combinations that mmvideomae.compat works around."""
    transformers = state.versions.get('transformers')
    if transformers and release(transformers) >= (4, 56):
        problem = f'transformers {transformers} breaks mmaction2 1.2.0 on its own; with mmvideomae '
        yield Finding('note', problem + 'only its VindLU models are disabled')
    torch = state.versions.get('torch')
    if torch:
        problem = f"torch {torch} loads weights only; mmvideomae allows mmengine's checkpoints"
        yield Finding('note', problem)


RULES = (
    *(find_python, find_torch, find_numpy, find_opencv, find_mmcv, find_openmmlab, find_readers),
    *(find_ranges, find_handled),
)


def pin(name: str) -> str:
    """'torch' -> 'torch==2.11.0', the tested version."""
    return name + read_requirements('constraints').get(name, '')


def diagnose(state: State) -> list[Finding]:
    """All findings, errors first; unforeseen errors are quoted at the end."""
    found = [finding for rule in RULES for finding in rule(state)]
    if not state.works('mmvideomae') and not any(each.severity == 'error' for each in found):
        problem = f'mmvideomae cannot be imported: {state.error("mmvideomae")}'
        found.append(Finding('error', problem, install_command('core')))
    order = ('error', 'warning', 'note')
    return sorted(found, key=lambda each: order.index(each.severity))
