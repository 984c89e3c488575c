"""A virtual environment and its pip, for the scripts in this folder; standard library only."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / 'requirements'
CONSTRAINTS = REQUIREMENTS / 'constraints.txt'
PYTHONS = ((3, 10), (3, 14))
NEEDED = 9e9  # bytes; most of them are the CUDA libraries that PyPI's torch for Linux brings
WATCHED = ('torch', 'torchvision', 'numpy', 'mmcv', 'mmcv_lite', 'mmengine', 'mmaction2', 'mmdet')


class SetupError(RuntimeError):
    """A problem that the user has to fix; only its one-line message is shown."""


class Environment:
    """A virtual environment and the pip inside it."""

    def __init__(self, path: Path, made_by: str | None = None) -> None:
        self.path = path
        self._made_by = made_by or sys.executable
        self.python = path / 'bin' / 'python'
        self.stamps = path / '.stamps'

    def create(self) -> None:
        """Make the environment if there is none; otherwise check it."""
        if not self.python.exists():
            say(f'creating {self.path}')
            command = [self._made_by, '-m', 'venv', str(self.path)]
            if subprocess.run(command, check=False, capture_output=True).returncode:
                shutil.rmtree(self.path, ignore_errors=True)  # incomplete, without pip
                raise SetupError(
                    'python3 -m venv failed: install the venv module of your Python '
                    '(Debian and Ubuntu: apt install python3-venv) and try again'
                )
        probe = self.run('import sys; print(*sys.version_info[:2])')
        version = tuple(map(int, probe.stdout.split()))
        if probe.returncode or not PYTHONS[0] <= version <= PYTHONS[1]:
            raise SetupError(f'{self.path} has no Python 3.10 to 3.14: delete it and try again')
        self.stamps.mkdir(exist_ok=True)

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run Python code inside the environment, away from the checkout, and capture it."""
        command = [str(self.python), '-c', code]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.path, timeout=600
        )

    def pip(self, *arguments: str, env: dict[str, str] | None = None, check: bool = True) -> bool:
        """Call pip, quietly unless stdout is a terminal."""
        quiet = [] if sys.stdout.isatty() else ['-q']
        command = [str(self.python), '-m', 'pip', '--disable-pip-version-check', *arguments]
        done = subprocess.run([*command, *quiet], env=env, check=False, cwd=ROOT)
        if check and done.returncode:
            raise SetupError('failed: ' + ' '.join(command) + self._scarce_space())
        return done.returncode == 0

    def install(self, *arguments: str) -> None:
        """Run `pip install` with the tested versions."""
        self.pip('install', '-c', str(CONSTRAINTS), *arguments)

    def _scarce_space(self) -> str:
        """What to do about a disk that may be too full for pip; empty if it is not."""
        for folder, variable in ((str(self.path), 'VENV'), (tempfile.gettempdir(), 'TMPDIR')):
            free = shutil.disk_usage(folder).free
            if free < NEEDED:
                return (
                    f'\n[setup] {free / 1e9:.1f} GB are free in {folder}, and a set-up takes up to '
                    f'{NEEDED / 1e9:.0f}: free some, or set {variable} to a folder on another disk'
                )
        return ''

    def versions(self) -> dict[str, str]:
        """Installed versions of the distributions a level depends on, read from folder names."""
        found = {}
        for info in self.path.glob('lib/python3*/site-packages/*.dist-info'):
            name, _, version = info.name[: -len('.dist-info')].partition('-')
            if name.lower() in WATCHED:
                found[name.lower()] = version
        return found


def say(message: str) -> None:
    print(f'[setup] {message}', flush=True)
