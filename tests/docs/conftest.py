"""Runs the commands and the Python of a page as its reader would."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# One process for all commands: loading the stack takes longer than most of them.
DRIVER = """
import glob, os, runpy, shlex, sys
for line in open('commands.txt'):
    words = shlex.split(line)
    while '=' in words[0]:
        os.environ.__setitem__(*words.pop(0).split('=', 1))
    # As the shell does for names such as best_*.pth.
    words = [found for word in words for found in sorted(glob.glob(word)) or [word]]
    sys.argv = words[1:]
    print('$', line.strip(), flush=True)
    try:
        runpy.run_path(words[1], run_name='__main__')
    except SystemExit as stop:
        if stop.code:
            sys.exit(f'{line}: {stop.code}')
exec(open('snippet.py').read())
"""


@pytest.fixture(scope='session')
def run_page() -> Callable[[Path, Sequence[str], str], str]:
    """Run commands, and Python behind them, in a folder with tools and configs.

    Returns what they printed, each command behind a ``$``.
    """

    def run(folder: Path, commands: Sequence[str], snippet: str = '') -> str:
        for name in ('tools', 'configs'):
            if not (folder / name).exists():
                (folder / name).symlink_to(ROOT / name)
        (folder / 'commands.txt').write_text(''.join(f'{line}\n' for line in commands))
        (folder / 'snippet.py').write_text(snippet)
        done = subprocess.run(
            [sys.executable, '-c', DRIVER],
            cwd=folder,
            env={**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    return run
