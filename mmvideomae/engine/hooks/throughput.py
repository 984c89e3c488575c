"""Log the speed of training."""

import resource
import sys
from collections import deque
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import cuda

from mmvideomae.engine.hooks.batch import batch_length
from mmvideomae.registry import HOOKS


@HOOKS.register_module()
class ThroughputHook(Hook):
    """Log clips per second, the share of time spent waiting for data, and peak memory.

    It adds ``clips_per_s`` (over all processes; a clip that repeated augmentation uses R times
    counts once), ``data_share`` (0 to 1) and, without a GPU, ``memory`` (peak resident memory of
    this process in MB; with a GPU, mmengine logs the device's peak).  Values are averaged over
    ``window`` iterations.  It warns once when the data share of a full window exceeds
    ``max_data_share``.

    Args:
        window: Number of iterations to average over.
        warmup: Iterations to skip after a start or resume, while workers start.
        max_data_share: Share of waiting above which the hook warns.
    """

    # After IterTimerHook (50), which measures the times, before LoggerHook (60).
    priority = 55

    def __init__(self, window: int = 20, warmup: int = 2, max_data_share: float = 0.5) -> None:
        self.window = window
        self.warmup = warmup
        self.max_data_share = max_data_share
        self._times: deque[tuple[float, float, int]] = deque(maxlen=window)
        self._iterations = 0
        self._warned = False

    def before_train(self, runner: Runner) -> None:
        """Start counting and log what is counted."""
        self._times.clear()
        self._iterations = 0
        runner.logger.info(
            'clips_per_s counts the clips of all processes, averaged over '
            f'{self.window} iterations; repeats of a clip by repeated augmentation count once.'
        )

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Put the averages into the message hub, from which the log line is made."""
        hub = runner.message_hub
        self._iterations += 1
        if self._iterations == self.warmup + 1:
            self._times.clear()
        clips = batch_length(data_batch, runner.train_dataloader.batch_size or 0)
        self._times.append(
            (
                hub.get_scalar('train/time').current(),
                hub.get_scalar('train/data_time').current(),
                clips * runner.world_size,
            )
        )
        time, data_time, total = (sum(column) for column in zip(*self._times, strict=True))
        share = min(data_time / max(time, 1e-9), 1.0)
        hub.update_scalar('train/clips_per_s', total / max(time, 1e-9))
        hub.update_scalar('train/data_share', share)
        if not cuda.is_available():
            hub.update_scalar('train/memory', _peak_resident_mb())
        self._warn_once(runner, share)

    def _warn_once(self, runner: Runner, share: float) -> None:
        """Advise what to do about waiting for data, at most once per run."""
        full = len(self._times) == self.window and self._iterations > self.warmup
        if self._warned or not full or share <= self.max_data_share:
            return
        self._warned = True
        runner.logger.warning(
            f'{share:.0%} of the time is spent waiting for data. Increase '
            'train_dataloader.num_workers, make the videos smaller and faster to seek with '
            'mmvideomae data transcode, or increase num_repeats of RepeatAugment; '
            'tools/analysis_tools/benchmark_loader.py shows the slow stage.'
        )


def _peak_resident_mb() -> int:
    """Peak resident memory of this process in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024 if sys.platform == 'darwin' else 1024)
