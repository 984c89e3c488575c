"""Forecast the time and resources of a training from its first seconds."""

import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

_WARM_UP = 1 / 3  # of the time: workers start, and what they have read ahead is used up
_LEAST = 3  # iterations that are measured
_WAITING = 0.1  # if more of the time is spent waiting for data, the loader is the limit
_LOOKED_AT = 1000  # files whose mean size is taken for all


class _EnoughError(Exception):
    """The training has been watched for long enough."""


@dataclass
class _Watch(Hook):
    """Records when iterations end, and stops the training.

    Attributes:
        seconds: How long it may run, including the warm-up.
        ends: The start of the first measured iteration, and the end of each.
        waits: Seconds that each of them waited for data.
        loading: Processor time of the loader's processes until the first and the last.
        others: The most memory that one of them has had, in bytes.
    """

    seconds: float
    ends: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    loading: list[float] = field(default_factory=list)
    others: int = 0
    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        self._start = time.perf_counter()
        self._iterations = 0
        self._spent: dict[int, float] = {}

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Record an iteration after the warm-up."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        self._iterations += 1
        warm = now - self._start > _WARM_UP * self.seconds and self._iterations > 1
        if not warm and not self.ends:
            return
        if self.ends:
            self.waits.append(runner.message_hub.get_scalar('train/data_time').current())
        self.ends.append(now)
        others = _descendants(os.getpid())
        self._spent.update({pid: _processor_seconds(pid) for pid in others})  # some end with epochs
        self.loading = [*self.loading[:1], sum(self._spent.values())]
        self.others = max([self.others, *map(_resident, others)])
        if now - self._start > self.seconds and len(self.waits) >= _LEAST:
            raise _EnoughError


@dataclass(frozen=True)
class Forecast:
    """The time and resources of a training.

    Attributes:
        iterations, clips: Iterations in all, and clips per iteration of all processes.
        seconds: Time of an iteration.
        waiting: Share of that time spent waiting for data.
        loading: Processor time of the loader per clip, in seconds.
        memory: Peak of this process, and the largest of the others, in bytes.
        device_memory: Peak, 0 without a GPU.
        data, checkpoint: Bytes of all videos, and of a checkpoint.
        checkpoints: How many are kept.
    """

    iterations: int
    clips: int
    seconds: float
    waiting: float
    loading: float
    memory: tuple[int, int]
    device_memory: int
    data: int
    checkpoint: int
    checkpoints: int

    @property
    def hours(self) -> float:
        """Time of the whole training in hours, without validation."""
        return self.iterations * self.seconds / 3600

    @property
    def cores(self) -> float:
        """Cores of the loader with which the model would not wait."""
        return self.loading * self.clips / (self.seconds * (1 - self.waiting))

    @property
    def limit(self) -> str:
        """What the time is spent on."""
        return 'loader' if self.waiting > _WAITING else 'model'


def forecast(cfg: Config, seconds: float) -> Forecast:
    """Train by a config for some seconds, and forecast the whole training.

    Nothing is kept: the work directory is temporary.

    Raises:
        ValueError: The training ended too early to measure it.
    """
    watch = _Watch(seconds)
    keep = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner.from_cfg(_alone(cfg, folder))
        runner.register_hook(watch, watch.priority)
        try:
            runner.train()
        except _EnoughError:
            pass
        else:
            raise ValueError(
                f'the training ended within {seconds:g} seconds: measure the training itself, or '
                'lower --seconds'
            )
        return _add_up(runner, watch, keep)


def _alone(cfg: Config, folder: str) -> Config:
    """The config without validation and whatever writes, quietly."""
    cfg = Config(cfg.to_dict())
    cfg.update(work_dir=folder, log_level='WARNING', visualizer=None)
    # mmengine keeps what writes under this name as long as the process lives.
    cfg.experiment_name = Path(folder).name
    cfg.update(val_dataloader=None, val_cfg=None, val_evaluator=None)
    cfg.setdefault('default_hooks', {})
    cfg.default_hooks.checkpoint = None
    return cfg


def _add_up(runner: Runner, watch: _Watch, keep: dict[str, Any]) -> Forecast:
    loader, optimizer = runner.train_dataloader, runner.optim_wrapper.state_dict()
    measured = len(watch.ends) - 1
    seconds = (watch.ends[-1] - watch.ends[0]) / measured
    clips = (loader.batch_size or 1) * runner.world_size
    epochs, every = runner.max_epochs, keep.get('interval', 1)
    made = epochs // every if keep.get('by_epoch', True) else runner.max_iters // every
    most = keep.get('max_keep_ckpts', -1)
    return Forecast(
        iterations=runner.max_iters,
        clips=clips,
        seconds=seconds,
        waiting=min(1.0, mean(watch.waits) / seconds),
        loading=(watch.loading[-1] - watch.loading[0]) / measured / (loader.batch_size or 1),
        memory=(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, watch.others),
        device_memory=torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0,
        data=_bytes_of_data(loader.dataset),
        checkpoint=sum(_bytes_of_tensors([runner.model.state_dict(), optimizer])),
        checkpoints=made if most < 0 else min(made, most),
    )


def _bytes_of_data(dataset: Any) -> int:
    """Of all video files, by the mean of some; folders of frames and remote files are left out."""
    if not hasattr(dataset, 'get_data_info'):
        return 0
    step = max(1, len(dataset) // _LOOKED_AT)
    records = [dataset.get_data_info(number) for number in range(0, len(dataset), step)]
    paths = [Path(record['filename']) for record in records if 'filename' in record]
    sizes = [path.stat().st_size for path in paths if path.is_file()]
    return round(len(dataset) * mean(sizes)) if sizes else 0


def _bytes_of_tensors(content: Any) -> Iterator[int]:
    if isinstance(content, Tensor):
        yield content.numel() * content.element_size()
    elif isinstance(content, dict | list | tuple):
        for part in content.values() if isinstance(content, dict) else content:
            yield from _bytes_of_tensors(part)


def _descendants(pid: int) -> list[int]:
    """Processes that a process started, and those that they did."""
    found = []
    for task in Path(f'/proc/{pid}/task').iterdir():
        with suppress(OSError):
            for child in (task / 'children').read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found


def _processor_seconds(pid: int) -> float:
    """Processor time of a process, 0 if it is gone."""
    with suppress(OSError):
        return time.clock_gettime(~pid << 3 | 2)
    return 0.0


def _resident(pid: int) -> int:
    """Bytes that a process has in memory, 0 if it is gone."""
    with suppress(OSError):
        return int(Path(f'/proc/{pid}/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')
    return 0
