"""Stop before a loss that is not finite reaches the weights."""

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
    """The training loss is not finite; the message names the files of the batch."""


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Stop all processes when the loss of any of them is infinite or NaN.

    The check runs between forward and backward (the stage ``after_loss`` of `EpochTrainLoop`), so
    the bad loss changes no weight and reaches no checkpoint.  In each iteration it costs one
    exchange of a single number between processes and one wait for the forward pass; mmengine
    waits for the loss in every iteration anyway, to log it.  In other loops the check runs after
    the update but before a checkpoint is written.

    Raises:
        NonFiniteLossError: Raised in all processes, with the iteration, and the loss and file
            names of each process concerned.
    """

    # Before all hooks that use the loss.
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
        """Check the logged loss if the loop has no stage ``after_loss``."""
        if self._checked != runner.iter and outputs and 'loss' in outputs:
            self.after_loss(runner, batch_idx, data_batch, outputs['loss'])

    def _stop(self, runner: Runner, data_batch: Any, loss: Tensor) -> None:
        """Gather the losses of all processes and raise the error."""
        report = (get_rank(), float(loss.sum()), sample_names(data_batch))
        concerned = [r for r in all_gather_object(report) if not math.isfinite(r[1])]
        lines = [
            f'  rank {rank}: loss {value}, files: {", ".join(names) or "not recorded"}'
            for rank, value, names in concerned
        ]
        message = (
            f'The loss is not finite in iteration {runner.iter + 1} (epoch {runner.epoch + 1}):\n'
            + '\n'.join(lines)
            + '\nTraining stops. Check these files with mmvideomae data scan-videos; if they are '
            'intact, lower the learning rate, set optim_wrapper.clip_grad, or train in bfloat16.'
        )
        runner.logger.error(message)
        raise NonFiniteLossError(message)
