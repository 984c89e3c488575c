"""Run command lines of this toolbox one after another and read the files they write."""

import json
import os
import platform
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from mmvideomae.cli.options import option_word
from mmvideomae.cli.tool import now_and_then
from mmvideomae.configs import read_config
from mmvideomae.engine.last_checkpoint import find_last
from mmvideomae.errors import UserError
from mmvideomae.visualization.report import Command, Link, Picture

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


@dataclass
class Demo:
    """The stages of one demo: the folder they write to, and those that have run so far.

    Attributes:
        total: Number of stages.
    """

    out: Path
    total: int = 0
    epochs: int | None = None
    console: Console = field(default_factory=Console)
    stages: list[Stage] = field(default_factory=list)

    def run(self, what: str, command: Sequence[object], epochs: int | None = None) -> None:
        """Run one command of the toolbox, showing progress and the time it took.

        Args:
            epochs: Of a training.
        """
        words = ['-m', 'mmvideomae', *map(str, command)]
        number = len(self.stages) + 1
        log = self.out / f'{number}_{words[2]}.log'
        name = f'{number} of {self.total}: {what}'
        due = now_and_then()
        with self.console.status(f'{name} (log: {log})') as status:

            def watch() -> None:
                progress = training_progress(log, epochs) if epochs else None
                text = f'{name}: {progress}' if progress else name
                status.update(text)
                if not self.console.is_terminal and due():
                    self._say(text)

            stage = run_stage(what, words, log, Path.cwd(), watch)
        self.stages.append(stage)
        self._say(f'{name}: {stage.seconds:.0f} s')

    def _say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def train(self, what: str, config: str, name: str, options: dict[str, object]) -> Path:
        """Train a config in OUT/name; return the last checkpoint."""
        words = ['train', demo_config(config), '--work-dir', self.out / name, '--cfg-options']
        self.run(what, [*words, *_assigned(options)], self.epochs_of(config, options))
        return newest_checkpoint(self.out / name)

    def epochs_of(self, config: str, options: dict[str, object]) -> int:
        """Epochs of a training."""
        epochs = read_config(demo_config(config)).train_cfg.max_epochs
        return int(str(options.get('train_cfg.max_epochs', epochs)))

    def test(self, what: str, config: str, checkpoint: Path, data: Path) -> float:
        """Test a checkpoint on the clips of a list; return its top-1 accuracy."""
        work_dir = self.out / 'test' / checkpoint.parent.name
        words = ['test', demo_config(config), checkpoint, '--work-dir', work_dir, '--cfg-options']
        self.run(what, [*words, *_assigned(listed('test_dataloader', data))])
        results = sorted(work_dir.glob('*/*.json'))[-1]
        return float(json.loads(results.read_text())['acc/top1'])

    def reconstruct(
        self, config: str, checkpoint: Path, video: Path, name: str, ratios: Sequence[float]
    ) -> Picture:
        """Draw how a pre-trained model reconstructs the hidden part of a video."""
        picture = self.out / name
        words = ['reconstruct', demo_config(config), checkpoint, video, picture]
        self.run('Reconstructing', [*words, '--mask-ratios', *ratios] if ratios else words)
        return Picture(picture, f'{video.name}: original, what the encoder saw, reconstruction')

    def links(self, *paths: Path) -> list[Link]:
        """Files for the report, and the logs of all stages."""
        files = [Link('checkpoint', os.path.relpath(path, self.out)) for path in paths]
        logs = sorted(self.out.glob('*_*.log'), key=lambda log: int(log.name.partition('_')[0]))
        return files + [Link('output of the stage', log.name) for log in logs]

    def commands(self) -> list[Command]:
        """The commands that were run, for the report."""
        return [Command(stage.what, stage.line, stage.seconds) for stage in self.stages]


def demo_config(config: str) -> str:
    """The path of a demo's config, which commands find in any folder."""
    return f'configs/demo/{config}'


def _assigned(options: dict[str, object]) -> list[str]:
    """Options as words of --cfg-options."""
    return [
        option_word(key, value) if isinstance(value, Path) else f'{key}={value}'
        for key, value in options.items()
    ]


def listed(loader: str, data: Path) -> dict[str, object]:
    """Point a loader of a config at a list; its paths are relative to the list."""
    source = f'{loader}.dataset.sources.0'
    return {f'{source}.ann_file': data, f'{source}.data_prefix': data.parent}


def machine() -> dict[str, str]:
    """Versions and processor, for the report."""
    names = {'mmvideomae': 'mmvideomae', 'torch': 'PyTorch', 'mmengine': 'mmengine'}
    versions = [f'{shown} {version(name)}' for name, shown in names.items()]
    info = Path('/proc/cpuinfo')
    lines = info.read_text().splitlines() if info.is_file() else []
    models = [line.partition(': ')[2] for line in lines if line.startswith('model name')]
    cores = len(os.sched_getaffinity(0))
    return {
        'Versions': ', '.join([*versions, f'Python {platform.python_version()}']),
        'Machine': f'{cores} cores of {models[0] if models else platform.machine()}',
    }
