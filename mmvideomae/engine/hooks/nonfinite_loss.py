"""Stop before a loss that is not a number reaches the weights."""

import math
from typing import Any

import torch
from mmengine.dist import all_gather_object, all_reduce, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmvideomae.engine.hooks.batch import sample_names
from mmvideomae.errors import UserError
from mmvideomae.registry import HOOKS


class NonFiniteLossError(UserError, RuntimeError):
    """The training loss is not a finite number; the message names the batch's files."""


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Stop all processes when any of them has a loss that is infinite or not a number.

    The check stands between forward and backward (the stage ``after_loss`` of `EpochTrainLoop`),
    so that the bad loss changes no weight and is in no checkpoint.  It costs one exchange of a
    single number between processes and one wait for the forward pass per iteration; mmengine
    waits for the loss in every iteration anyway, to log it.  In other loops the check comes after
    the update, still before a checkpoint is written.

    Raises:
        NonFiniteLossError: In every process, with iteration, loss and file names of each process
            concerned.
    """

    # Before everything that looks at the loss.
    priority = 'HIGHEST'

    def __init__(self) -> None:
        self._checked = -1

    def after_loss(
        self, runner: Runner, batch_idx: int, data_batch: Any, loss: Tensor | float
    ) -> None:
        """Check the loss of this iteration in all processes."""
        self._checked = runner.iter
        loss = torch.as_tensor(loss).detach()
        bad = (~torch.isfinite(loss)).any().float()
        all_reduce(bad, 'max')
        if bad.item():
            self._stop(runner, data_batch, loss)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Check the logged loss where the loop has no stage ``after_loss``."""
        if self._checked != runner.iter and outputs and 'loss' in outputs:
            self.after_loss(runner, batch_idx, data_batch, outputs['loss'])

    def _stop(self, runner: Runner, data_batch: Any, loss: Tensor) -> None:
        """Gather what every process saw and raise."""
        report = (get_rank(), float(loss.sum()), sample_names(data_batch))
        concerned = [r for r in all_gather_object(report) if not math.isfinite(r[1])]
        lines = [
            f'  rank {rank}: loss {value}, files: {", ".join(names) or "not recorded"}'
            for rank, value, names in concerned
        ]
        message = (
            f'The loss is not finite in iteration {runner.iter + 1} (epoch {runner.epoch + 1}):\n'
            + '\n'.join(lines)
            + '\nTraining stops. Look at these files with tools/data/scan_videos.py; otherwise '
            'lower the learning rate, set optim_wrapper.clip_grad, or train in bfloat16.'
        )
        runner.logger.error(message)
        raise NonFiniteLossError(message)
