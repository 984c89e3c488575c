"""Runners whose log begins with a few lines; all settings go to files."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mmengine
import torch
from mmengine.device import get_device
from mmengine.dist import is_main_process
from mmengine.runner import FlexibleRunner, Runner
from mmengine.utils.dl_utils import collect_env

from mmvideomae.registry import RUNNERS
from mmvideomae.storage import write_text
from mmvideomae.version import __version__


class _BriefLog:
    """Replaces the hundreds of lines with which a runner of mmengine begins its log.

    The environment is written to ``environment.txt`` beside the log; the config is saved in the
    work directory by mmengine.
    """

    cfg: Any
    hooks: Any
    logger: Any
    log_dir: str
    seed: int
    timestamp: str
    work_dir: str
    world_size: int

    def _log_env(self, *settings: Any) -> None:
        file = Path(self.log_dir) / 'environment.txt'
        if is_main_process():
            write_text(file, ''.join(f'{key}: {value}\n' for key, value in collect_env().items()))
        for line in self._described(file):
            self.logger.info(line)

    def _described(self, file: Path) -> Iterator[str]:
        """What a reader of the log has to know."""
        device, python = get_device(), '.'.join(map(str, sys.version_info[:3]))
        name = f' ({torch.cuda.get_device_name()})' if device == 'cuda' else ''
        processes = 'process' if self.world_size == 1 else 'processes'
        yield (
            f'mmvideomae {__version__}, torch {torch.__version__}, mmengine '
            f'{mmengine.__version__}, Python {python}; {self.world_size} {processes} on '
            f'{device}{name}, seed {self.seed}; more in {file}'
        )
        saved = Path(self.cfg.filename).name if self.cfg.filename else f'{self.timestamp}.py'
        yield (
            f'config {self.cfg.filename or "of a program"}; with all bases and options in '
            f'{Path(self.work_dir) / saved}'
        )

    def get_hooks_info(self) -> str:
        """The names of the hooks in one line."""
        return ', '.join(type(hook).__name__ for hook in self.hooks)


@RUNNERS.register_module('Runner')
class BriefRunner(_BriefLog, Runner):
    """mmengine's runner with a brief log."""


@RUNNERS.register_module('FlexibleRunner')
class BriefFlexibleRunner(_BriefLog, FlexibleRunner):
    """mmengine's runner of strategies such as FSDP with a brief log."""
