#!/usr/bin/env python3
"""Run the test suite with the oldest and with the newest version of every requirement.

    python3 tools/dev/test_ranges.py                       # every Python on this machine
    python3 tools/dev/test_ranges.py --python python3.13 --end newest -- tests/datasets

Environments are made in `.venv-ranges/<python>-<end>` and updated by each call.  They have the core
level, for which nothing is compiled: tests of the detection level are skipped, and `make test` runs
these with the tested set.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from environment import PYTHONS, REQUIREMENTS, ROOT, Environment, SetupError, say

FILES = ('runtime', 'core', 'tests')


def requirement_lines() -> list[str]:
    """All requirements of the core level and of its tests, comments dropped."""
    text = '\n'.join((REQUIREMENTS / f'{name}.txt').read_text(encoding='utf-8') for name in FILES)
    return [line for line in (raw.split('#')[0].strip() for raw in text.splitlines()) if line]


def lowest(line: str) -> str:
    """``'numpy>=1.26,<3'`` -> ``'numpy==1.26.*'``; without a lower bound the line itself."""
    match = re.match(r'([A-Za-z0-9._-]+)>=([0-9.]+)', line)
    if match is None:
        return line
    version = match[2] if '.' in match[2] else f'{match[2]}.0'
    return f'{match[1]}=={version}.*'


def find_pythons() -> list[tuple[tuple[int, int], str]]:
    """Versions and paths of the supported Pythons on the PATH and of pyenv, each version once."""
    found: dict[tuple[int, int], str] = {}
    for minor in range(PYTHONS[0][1], PYTHONS[1][1] + 1):
        kept = sorted(Path.home().glob(f'.pyenv/versions/3.{minor}.*/bin/python'), reverse=True)
        for path in (shutil.which(f'python3.{minor}'), *kept):
            if path and works(str(path), minor):
                found.setdefault((3, minor), str(path))
    return sorted(found.items())


def works(python: str, minor: int) -> bool:
    """Whether a path is a Python of this version that can make environments."""
    code = 'import sys, venv, ensurepip; print(*sys.version_info[:2])'
    done = subprocess.run([python, '-c', code], capture_output=True, text=True, check=False)
    return done.stdout.split() == ['3', str(minor)]


def install(env: Environment, end: str) -> None:
    """Install one end of all ranges in an environment."""
    env.pip('install', '-U', '-r', str(REQUIREMENTS / 'build.txt'))
    lines = requirement_lines()
    if end == 'oldest':
        lines = [lowest(line) for line in lines]
    with tempfile.NamedTemporaryFile('w', suffix='.txt', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')
        file.flush()
        # mmcv-lite is built from source, with the setuptools of build.txt.
        env.pip('install', '-U', '--no-build-isolation', '-r', file.name)
    settle_opencv(env)
    env.pip('install', '--no-deps', '--no-build-isolation', '-e', str(ROOT))


def settle_opencv(env: Environment) -> None:
    """Keep both builds of OpenCV at one version, since they share the folder ``cv2``."""
    code = 'import importlib.metadata as m; print(m.version("opencv-python"))'
    version = env.run(code).stdout.strip()
    env.pip('install', '--no-deps', f'opencv-contrib-python=={version}')
    if env.run('import cv2').returncode:
        env.pip('install', '--no-deps', '--force-reinstall', f'opencv-python-headless=={version}')


def run_tests(env: Environment, arguments: list[str]) -> int:
    """Run the suite without its slow tests and return pytest's exit status."""
    command = [str(env.python), '-m', 'pytest', '-q', '-n', 'auto', '--maxprocesses', '4']
    command += ['--dist', 'worksteal', '-m', 'not slow', *arguments]
    threads = {'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **threads}, check=False).returncode


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--python', help='only this one, as python3.12 (default: all)')
    parser.add_argument(
        '--end', choices=['oldest', 'newest'], help='test only this end (default: both)'
    )
    parser.add_argument('pytest', nargs='*', help='arguments for pytest, after --')
    return parser.parse_args()


def main() -> int:
    args = parse_arguments()
    pythons = find_pythons()
    if args.python:
        pythons = [
            (version, path)
            for version, path in pythons
            if args.python in (path, f'python{version[0]}.{version[1]}')
        ]
        if not pythons:
            raise SetupError(f'no Python 3.10 to 3.14 that can make environments: {args.python}')
    results: dict[str, int] = {}
    for version, python in pythons:
        for end in ('oldest', 'newest'):
            if args.end not in (None, end):
                continue
            # The oldest versions have wheels for the oldest Python only.
            if end == 'oldest' and version != pythons[0][0]:
                continue
            name = f'{version[0]}.{version[1]}-{end}'
            say(f'Python {name}')
            env = Environment(ROOT / '.venv-ranges' / name, python)
            env.create()
            install(env, end)
            results[name] = run_tests(env, args.pytest)
    for name, status in results.items():
        say(f'{name}: {"passed" if status == 0 else f"failed ({status})"}')
    return int(any(results.values()) or not results)


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (SetupError, OSError) as error:
        sys.exit(f'[setup] {error}')
