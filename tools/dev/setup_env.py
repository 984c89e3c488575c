#!/usr/bin/env python3
"""Set up a checkout's virtual environment for a make target; standard library only.

    python3 tools/dev/setup_env.py core                 # make install
    python3 tools/dev/setup_env.py detection tests      # make test

A part that is installed is recognised by its stamp in `.venv/.stamps` and needs no pip call.  The
stamp holds a hash of everything the part consists of, and the versions found after installing it.

mmcv has no wheel for a current torch, so the detection level builds one and keeps it in
`$MMVIDEOMAE_CACHE` (default `~/.cache/mmvideomae`), in a folder named by the versions of torch,
Python and mmcv and by the platform.  If any of them changes, another folder is used.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from environment import (
    CONSTRAINTS,
    PYTHONS,
    REQUIREMENTS,
    ROOT,
    Environment,
    SetupError,
    say,
)

LEVELS = ('core', 'detection')
PARTS = ('lint', 'core', 'detection', 'tests', 'docs', 'optional')
# Wheels that were compiled elsewhere: folder next to the checkout -> the torch they were built for.
SHARED_WHEELS = {ROOT.parent / 'shared' / 'wheels': '2.11.0'}
# Importing is not enough: a missing symbol may only be noticed when an operator is looked up.
PROBE_MMCV = """
import torch
from mmcv.ops import nms, roi_align
boxes = torch.tensor([[0., 0., 4., 4.], [0., 0., 4., 4.1], [8., 8., 9., 9.]])
kept = nms(boxes, torch.tensor([.9, .8, .7]), 0.5)[1]
assert kept.tolist() == [0, 2], kept
"""


def fingerprint(part: str) -> str:
    """Hash of the files that decide what `part` consists of."""
    files = [CONSTRAINTS, REQUIREMENTS / 'build.txt', REQUIREMENTS / f'{part}.txt', Path(__file__)]
    if part in LEVELS:
        files += [REQUIREMENTS / 'runtime.txt', ROOT / 'setup.py', ROOT / 'mmvideomae/version.py']
    digest = hashlib.sha256(str(ROOT).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def new_stamp(env: Environment, part: str) -> dict[str, object]:
    """The stamp that `part` must have now to count as installed."""
    versions = env.versions() if part in LEVELS else {}
    return {'fingerprint': fingerprint(part), 'versions': versions}


def read_stamp(env: Environment, name: str) -> dict[str, object]:
    """The stamp `name`, or empty if there is none that can be read."""
    try:
        return json.loads((env.stamps / f'{name}.json').read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return {}


def write_stamp(env: Environment, name: str, stamp: dict[str, object]) -> None:
    (env.stamps / f'{name}.json').write_text(json.dumps(stamp), encoding='utf-8')


def missing_parts(env: Environment, parts: list[str]) -> list[str]:
    """The `parts` that have to be installed, levels first."""
    ready = {part for part in PARTS if read_stamp(env, part) == new_stamp(env, part)}
    if 'detection' in ready or 'detection' in parts:
        ready.add('core')  # the higher level contains the lower one
    return [part for part in PARTS if part in parts and part not in ready]


def install_parts(env: Environment, parts: list[str], from_source: bool) -> None:
    """Install the parts that `missing_parts` returned."""
    if any(part != 'lint' for part in parts):
        env.install('-r', str(REQUIREMENTS / 'build.txt'))
    for part in parts:
        say(f'installing {part}')
        if part in LEVELS:
            install_level(env, part, from_source)
        else:
            env.install('-r', str(REQUIREMENTS / f'{part}.txt'))
        write_stamp(env, part, new_stamp(env, part))


def install_level(env: Environment, level: str, from_source: bool) -> None:
    """Install the toolbox with its requirements and one kind of mmcv, never both."""
    env.install('-r', str(REQUIREMENTS / 'runtime.txt'))
    if level == 'detection':
        provide_mmcv(env, from_source)
    elif 'mmcv' not in env.versions():  # the full mmcv is enough for the core level as well
        env.install('-r', str(REQUIREMENTS / 'core.txt'))
    if level == 'detection':
        env.install('-r', str(REQUIREMENTS / 'detection.txt'))
    # Not with install(): setuptools prints long warnings about every editable installation.
    silent = {**os.environ, 'PYTHONWARNINGS': 'ignore'}
    env.pip('install', '--no-deps', '--no-build-isolation', '-e', str(ROOT), env=silent)
    make_cv2_importable(env)


def make_cv2_importable(env: Environment) -> None:
    """On a machine without the libraries of a display, install OpenCV's headless build over it."""
    probe = env.run('import cv2')
    if probe.returncode == 0:
        return
    missing = re.search(r'(lib\S+): cannot open shared object file', probe.stderr)
    if missing is None:
        raise SetupError('import cv2 fails: ' + (probe.stderr.strip().splitlines() or ['?'])[-1])
    version = pinned('opencv-python')
    say(f'no {missing[1]} on this machine: using the headless build of OpenCV')
    env.pip('install', '--no-deps', '--force-reinstall', f'opencv-python-headless=={version}')


def pinned(name: str) -> str:
    """The version of `name` in constraints.txt."""
    text = CONSTRAINTS.read_text(encoding='utf-8')
    match = re.search(rf'^{re.escape(name)}==([^\s;]+)', text, re.MULTILINE)
    if match is None:
        raise SetupError(f'requirements/constraints.txt does not list {name}')
    return match[1]


def provide_mmcv(env: Environment, from_source: bool) -> None:
    """Make sure of a compiled mmcv: the installed one, a cached or shared wheel, or a new build."""
    wanted = pinned('mmcv')
    if 'mmcv_lite' in env.versions():
        say('removing mmcv-lite, which the full mmcv replaces')
        env.pip('uninstall', '-y', 'mmcv-lite', 'mmcv')
    torch = env.run('import torch; print(torch.__version__)').stdout.strip()
    if not torch:
        raise SetupError(f'{env.python} cannot import torch')
    # An mmcv that this script did not install has no record; then it only has to work.
    fits = read_stamp(env, 'mmcv') in ({}, {'torch': torch, 'mmcv': wanted})
    if fits and env.versions().get('mmcv') == wanted and not from_source and mmcv_works(env):
        return
    find_or_build_mmcv(env, torch, wanted, from_source)
    write_stamp(env, 'mmcv', {'torch': torch, 'mmcv': wanted})


def find_or_build_mmcv(env: Environment, torch: str, wanted: str, from_source: bool) -> None:
    """Install the wheel that fits `torch`: a kept one or a new one."""
    folder = cache_folder(env, torch, wanted)
    offers = [] if from_source else [folder]
    if not from_source:
        offers += [f for f, built in SHARED_WHEELS.items() if built == torch.partition('+')[0]]
    for offer in offers:
        if offer.is_dir() and try_wheel(env, offer, wanted):
            return
    build_mmcv(env, folder, wanted)
    if not try_wheel(env, folder, wanted):
        raise SetupError(f'the mmcv built in {folder} does not work: {mmcv_error(env)}')


def cache_folder(env: Environment, torch: str, mmcv: str) -> Path:
    """Folder for the wheel that fits this torch, Python, mmcv and platform."""
    base = os.environ.get('MMVIDEOMAE_CACHE')
    if not base:
        home = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
        base = os.path.join(home, 'mmvideomae')
    code = 'import sys, sysconfig; print(f"cp{sys.version_info[0]}{sys.version_info[1]}"'
    tag = env.run(code + ', sysconfig.get_platform())').stdout.split()
    name = '-'.join((f'torch{torch}', *tag, f'mmcv{mmcv}'))
    return Path(base) / 'wheels' / name


def try_wheel(env: Environment, folder: Path, version: str) -> bool:
    """Install mmcv from `folder`; False if no wheel there fits or works."""
    arguments = ('--no-index', '--find-links', str(folder), '--no-deps', '--force-reinstall')
    if not any(folder.glob(f'mmcv-{version}-*.whl')):
        return False
    if not env.pip('install', *arguments, f'mmcv=={version}', check=False):
        say(f'no mmcv in {folder} fits this Python')
        return False
    if not mmcv_works(env):
        say(f'the mmcv in {folder} does not work here: {mmcv_error(env)}')
        return False
    say(f'mmcv {version} taken from {folder}')
    return True


def mmcv_works(env: Environment) -> bool:
    return env.run(PROBE_MMCV).returncode == 0


def mmcv_error(env: Environment) -> str:
    """Last line of the error that a compiled operator raises."""
    return (env.run(PROBE_MMCV).stderr.strip().splitlines() or ['no error'])[-1]


def build_mmcv(env: Environment, folder: Path, version: str) -> None:
    """Compile mmcv's CPU operators against the installed torch and keep the wheel in `folder`."""
    headers = Path(env.run('import sysconfig as s; print(s.get_path("include"))').stdout.strip())
    if not (headers / 'Python.h').exists():
        raise SetupError(f'no Python.h in {headers} (Debian and Ubuntu: apt install python3-dev)')
    compiler = os.environ.get('CXX', 'c++')
    if shutil.which(compiler) is None and shutil.which('g++') is None:
        raise SetupError('compiling mmcv needs g++ (Debian and Ubuntu: apt install g++)')
    jobs = build_jobs()
    say(f'compiling mmcv {version} with {jobs} job(s), once; expect ten minutes or more')
    started = time.monotonic()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        # RoIAlign on a GPU comes from torchvision, so CUDA code is never compiled here: with the
        # devices hidden, mmcv's setup.py finds none.  torch looks for ninja on the PATH.
        env_vars = {
            **os.environ,
            'MMCV_WITH_OPS': '1',
            'FORCE_CUDA': '0',
            'CUDA_VISIBLE_DEVICES': '',
            'MAX_JOBS': str(jobs),
            'PATH': f'{env.python.parent}{os.pathsep}{os.environ.get("PATH", "")}',
        }
        # pip's own cache of built wheels ignores the torch version, so it is not used here.
        flags = ('--no-build-isolation', '--no-deps', '--no-binary', 'mmcv', '--no-cache-dir')
        env.pip('wheel', *flags, '-w', scratch, f'mmcv=={version}', env=env_vars)
        wheel = next(Path(scratch).glob('mmcv-*.whl'))
        folder.mkdir(exist_ok=True)
        os.replace(wheel, folder / wheel.name)  # atomic, so that the cache never holds half a wheel
    say(f'compiled mmcv in {(time.monotonic() - started) / 60:.1f} minutes; kept in {folder}')


def build_jobs() -> int:
    """Number of compiler processes: one per usable core, if each can have 2 GiB of memory."""
    if os.environ.get('MAX_JOBS', '').isdigit():
        return int(os.environ['MAX_JOBS'])
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    return max(1, min(len(os.sched_getaffinity(0)), memory // 2**31))


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Make a second make wait until the first has finished its set-up."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('parts', nargs='+', choices=PARTS, metavar='PART', help=', '.join(PARTS))
    parser.add_argument('--venv', type=Path, default=ROOT / '.venv', help='default: .venv')
    parser.add_argument(
        '--mmcv-from-source',
        action='store_true',
        help='compile mmcv even if there is a cached wheel',
    )
    return parser.parse_args()


def main() -> int:
    args = parse_arguments()
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        raise SetupError(f'Python 3.10 to 3.14 is needed, this is {sysconfig.get_python_version()}')
    with only_one():
        env = Environment(args.venv.absolute())
        env.create()
        missing = missing_parts(env, args.parts)
        if args.mmcv_from_source and 'detection' in args.parts and 'detection' not in missing:
            missing = ['detection', *missing]
        if missing:
            started = time.monotonic()
            install_parts(env, missing, args.mmcv_from_source)
            say(f'{", ".join(missing)} ready in {time.monotonic() - started:.0f} s')
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (SetupError, OSError) as error:
        sys.exit(f'[setup] {error}')
