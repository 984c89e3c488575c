"""Refuse weights that are not finite."""

import torch
from mmengine.dist import all_reduce
from mmengine.runner import Runner

from mmvideomae.engine.distributed import unwrapped
from mmvideomae.errors import UserError


class NonFiniteWeightsError(UserError, RuntimeError):
    """Weights that are not finite were about to be saved."""


def refuse_nonfinite_weights(runner: Runner) -> None:
    """Check all parameters before they are saved.

    Raises:
        NonFiniteWeightsError: A parameter of any process is not finite; raised in all processes.
    """
    model = unwrapped(runner.model)
    finite = {name: torch.isfinite(p).all() for name, p in model.named_parameters()}
    if not finite:
        return
    bad = (~torch.stack(list(finite.values()))).any().float()
    all_reduce(bad, 'max')
    if bad.item():
        names = [name for name, value in finite.items() if not value]
        raise NonFiniteWeightsError(
            f'no checkpoint written in iteration {runner.iter + 1}: {len(names)} parameters of '
            f'this process are not finite, first {names[:3]}. The last checkpoint is sound.'
        )
