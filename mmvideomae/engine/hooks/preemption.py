"""Stop a run in good order before its machine is taken away."""

import os
import signal
from types import FrameType
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmvideomae.configs import ConfigError
from mmvideomae.engine.hooks.batch import at_update
from mmvideomae.engine.hooks.checkpoint import AtomicCheckpointHook
from mmvideomae.errors import UserError
from mmvideomae.registry import HOOKS


class PreemptedError(UserError, RuntimeError):
    """A run has stopped because it was asked to, and can be continued."""

    exit_code = os.EX_TEMPFAIL
    """75, by which `tools/slurm_train.sh` knows that the job is to be queued again; 130 after
    Ctrl-C."""


@HOOKS.register_module()
class PreemptionHook(Hook):
    """On a signal, save a checkpoint at the next update and end the run.

    Slurm sends one before the time limit (``--signal=USR1@300``: five minutes before), and Ctrl-C
    is one; a second Ctrl-C ends the run at once. All processes stop at the same update, even if the
    signal reaches only one of them or reaches them in different iterations.

    Args:
        signals: Their names.
        interval: Iterations between two looks at whether another process was told to stop, which
            cost an exchange between the processes.

    Raises:
        ConfigError: A signal is unknown.
        PreemptedError: When the run stops.
    """

    # After the checkpoint hook, which may have saved this update already.
    priority = 'LOWEST'

    def __init__(
        self, signals: tuple[str, ...] = ('SIGUSR1', 'SIGINT'), interval: int = 10
    ) -> None:
        for name in signals:
            if not hasattr(signal, name):
                raise ConfigError(f'default_hooks.preemption.signals: no signal {name!r}')
        self.signals, self.interval = tuple(signals), interval
        self._former: dict[int, Any] = {}
        self._told, self._process = '', 0

    def before_train(self, runner: Runner) -> None:
        """Listen from here on."""
        self._told, self._process = '', os.getpid()
        found = [hook for hook in runner.hooks if isinstance(hook, AtomicCheckpointHook)]
        if not found:  # nothing to continue from, so a signal ends the run as it always does
            return
        self._checkpoints = found[0]
        for name in self.signals:
            number = getattr(signal, name)
            self._former[number] = signal.signal(number, self._note)

    def after_training(self, runner: Runner) -> None:
        """Listen no longer (`EpochTrainLoop` calls this also after an error)."""
        while self._former:
            signal.signal(*self._former.popitem())

    def after_train(self, runner: Runner) -> None:
        """Listen no longer, after a loop of mmengine."""
        self.after_training(runner)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Save and stop, if any process was told to."""
        if not at_update(runner):
            return
        if runner.world_size > 1:
            # Updates are counted alike in all processes, and accumulated iterations skip some.
            accumulated = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
            if (runner.iter + 1) // accumulated % max(self.interval // accumulated, 1):
                return
            flag = torch.tensor(int(bool(self._told)), device=get_device())
            all_reduce(flag, 'max')
            if not flag.item():
                return
        elif not self._told:
            return
        path = self._checkpoints.save_to_continue(runner)
        stop = PreemptedError(
            f'stopped by {self._told or "a signal to another process"} after iteration '
            f'{runner.iter + 1} and saved {path}, from which --resume continues the run'
        )
        if self._told == 'SIGINT':
            stop.exit_code = 128 + signal.SIGINT
        raise stop

    def _note(self, number: int, frame: FrameType | None) -> None:
        """Remember a signal; workers of the loader, which inherit this, work on until they end."""
        again = self._told == 'SIGINT' == signal.Signals(number).name
        self._told = signal.Signals(number).name
        if number != signal.SIGINT or os.getpid() != self._process:
            return
        if again:
            raise KeyboardInterrupt
        # Not by print or a logger, which this may have interrupted.
        os.write(2, b'\nCtrl-C: stopping with a checkpoint; press it again to stop without\n')
