"""Run command lines of this toolbox one after another and read the files they write."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmvideomae.engine.last_checkpoint import find_last
from mmvideomae.errors import UserError

_ITERATION = re.compile(
    r'Epoch\(train\) +\[(?P<epoch>\d+)\]\[ *(?P<done>\d+)/(?P<all>\d+)\].* '
    r'eta: (?P<eta>.*?)  .* loss: (?P<loss>\S+)'
)


class StageError(UserError, RuntimeError):
    """A command of an experiment failed; the message quotes the end of its log."""


@dataclass(frozen=True)
class Stage:
    """One command that was run.

    Attributes:
        what: Its purpose, in words.
        line: The command as one would type it.
        seconds: Wall-clock time.
    """

    what: str
    line: str
    seconds: float


def run_stage(
    what: str,
    arguments: Sequence[str | Path],
    log: Path,
    cwd: Path,
    watch: Callable[[], object] = int,
) -> Stage:
    """Run ``python ARGUMENTS`` in ``cwd`` and write its output to ``log``.

    Args:
        watch: Called about once a second as long as the command runs.

    Raises:
        StageError: The command exits with a status other than 0.
    """
    words = [str(word) for word in arguments]
    log.parent.mkdir(parents=True, exist_ok=True)
    # On few cores, spinning threads would starve the loader's processes.
    environment = {**os.environ, 'OMP_WAIT_POLICY': os.environ.get('OMP_WAIT_POLICY', 'passive')}
    start = time.monotonic()
    with log.open('w', encoding='utf-8') as file:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=cwd, env=environment, stdout=file, stderr=file
        )
        try:
            while True:
                try:
                    process.wait(1)
                    break
                except subprocess.TimeoutExpired:
                    watch()
        except BaseException:
            process.kill()
            process.wait()
            raise
    line = shlex.join(['python', *words])
    if process.returncode:
        tail = ''.join(log.read_text(encoding='utf-8', errors='replace').splitlines(True)[-15:])
        raise StageError(
            f'{what} failed with status {process.returncode} ({log}):\n  {line}\n{tail}'
        )
    return Stage(what, line, time.monotonic() - start)


def training_progress(log: Path, epochs: int) -> str | None:
    """How far the training that writes ``log`` is, such as '34 %, loss 0.0312, 0:01:12 left'.

    Args:
        epochs: Epochs of the training.
    """
    with log.open('rb') as file:
        file.seek(max(log.stat().st_size - 4096, 0))
        last = list(_ITERATION.finditer(file.read().decode('utf-8', 'replace')))[-1:]
    for found in last:
        share = (int(found['epoch']) - 1 + int(found['done']) / int(found['all'])) / epochs
        return f'{share:.0%}, loss {found["loss"]}, {found["eta"]} left'
    return None


def read_scalars(work_dir: Path) -> list[dict[str, float]]:
    """The logged values of the newest run in ``work_dir``, in the order of logging.

    Raises:
        FileNotFoundError: Nothing was logged there.
    """
    logs = sorted(work_dir.glob('*/vis_data/scalars.json'))
    if not logs:
        raise FileNotFoundError(f'{work_dir}: no run has logged here (*/vis_data/scalars.json)')
    return [json.loads(line) for line in logs[-1].read_text().splitlines() if line.strip()]


def newest_checkpoint(work_dir: Path) -> Path:
    """The last checkpoint of the last run in ``work_dir``.

    Raises:
        FileNotFoundError: There is none.
    """
    newest = find_last(work_dir)
    if newest is None:
        raise FileNotFoundError(f'{work_dir}: no checkpoint has been written here')
    return Path(newest)
