"""Let a teacher that is a moving average follow its student."""

import math
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmvideomae.engine.distributed import unwrapped
from mmvideomae.engine.hooks.batch import at_update
from mmvideomae.registry import HOOKS


@HOOKS.register_module()
class TeacherHook(Hook):
    """Update the moving average of a `LatentTarget` after every update of the weights.

    Its momentum depends on the share of all updates that are done, so a resumed run continues
    the schedule, and with gradient accumulation an update counts once.
    """

    # Before AtomicCheckpointHook, which saves the average.
    priority = 'NORMAL'

    def before_train(self, runner: Runner) -> None:
        """Let the average begin as a copy of the encoder, unless the run continues."""
        unwrapped(runner.model).begin_training()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Follow the student, if the iteration ended with an update."""
        if at_update(runner):
            each = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
            done, updates = runner.iter // each, math.ceil(runner.max_iters / each)
            unwrapped(runner.model).after_update(done / updates)
