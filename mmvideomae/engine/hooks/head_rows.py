"""Start a training from weights of any format and number of classes, reporting every change."""

from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

from mmvideomae.checkpoints import CheckpointError, fit, heads_in, require_fit
from mmvideomae.engine.distributed import unwrapped
from mmvideomae.registry import HOOKS, MODELS


@HOOKS.register_module()
class HeadRowsHook(Hook):
    """Fit the weights of ``load_from`` to the model, or say in one line why they do not fit.

    mmengine loads tensors with the right name and shape and warns about the rest.  Here, to start
    a training, the rows of the head are selected or the head is newly initialised, and parts that
    only one side has are dropped, each with a line in the log; anything else that does not fit is
    an error.  For testing and resuming, everything must fit.

    Args:
        label_map: JSON list whose entry i is the row of class i in the checkpoint's head, used
            if that head has another number of rows than the model's: from Kinetics-710 to 400,
            600 or 700, as written by ``tools/data/build_k710.py``.

    Raises:
        CheckpointError: When loading, if the weights do not fit.
    """

    # Before EMAHook, which copies the weights.
    priority = 'VERY_HIGH'

    def __init__(self, label_map: str | None = None) -> None:
        self.label_map = label_map

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Replace the weights by fitted ones; a checkpoint to resume is only checked."""
        source, model = str(runner._load_from or 'the checkpoint'), _whole_model(runner)
        weights = checkpoint.get('state_dict', checkpoint)
        if runner._resume:
            if 'optimizer' not in checkpoint and 'message_hub' not in checkpoint:
                raise CheckpointError(
                    f'{source} holds weights but no run to resume: start from it with '
                    'load_from=CHECKPOINT and resume=False'
                )
            try:
                require_fit(weights, model, source)
            except CheckpointError as error:
                told = 'it is of a run of another config, unless this one was changed: --work-dir'
                raise CheckpointError(f'{error}; {told} chooses another folder') from error
            return
        # Only a runner that trains builds it.
        training = isinstance(runner._train_loop, BaseLoop)
        heads = heads_in(checkpoint)
        fitted = fit(weights, model, source, training, self.label_map, heads)
        checkpoint['state_dict'] = fitted.state_dict
        for note in fitted.notes:
            runner.logger.info(f'{source}: {note}')


def _whole_model(runner: Runner) -> nn.Module:
    """The model without wrappers; for a sharded one, a copy without weights."""
    model = runner.model
    if any(isinstance(part, FullyShardedDataParallel) for part in model.modules()):
        with torch.device('meta'):
            return MODELS.build(runner.cfg.model)
    return unwrapped(model)
