"""Refuse weights that are not finite."""

import torch
from mmengine.dist import all_reduce
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmvideomae.errors import UserError


class NonFiniteWeightsError(UserError, RuntimeError):
    """Weights would be saved that are of no use."""


def refuse_nonfinite_weights(runner: Runner) -> None:
    """Look at all parameters before they are saved.

    Raises:
        NonFiniteWeightsError: In every process, if any process has one that is not finite.
    """
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
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
