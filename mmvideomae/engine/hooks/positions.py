"""Continue a run at another resolution: two stages of one schedule."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmvideomae.checkpoints.code_parts import fit_axis_positions
from mmvideomae.engine.distributed import unwrapped
from mmvideomae.registry import HOOKS

_MOMENTS = ('exp_avg', 'exp_avg_sq', 'max_exp_avg_sq')


@HOOKS.register_module()
class NextStageHook(Hook):
    """Resume the first stage of a training with the config of the second.

    VIMPAC learns from 128 pixels for 90 epochs and from 256 for 10 more, under one schedule of
    100: the second stage resumes the last checkpoint of the first, with its optimizer and its
    learning rate (released code; appendix C.1).  Positions, and the moments that AdamW keeps of
    them, are interpolated along each axis, linearly.  Larger clips need smaller batches: batch
    size, accumulated iterations and number of processes may change, as in every resumed run, if
    their product stays.

    The schedule of the first stage covers both: ``param_scheduler=dict(end=100)`` together with
    ``train_cfg=dict(max_epochs=90)``.
    """

    # Before HeadRowsHook, which compares shapes, and AtomicCheckpointHook, which compares settings.
    priority = 'HIGHEST'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Convert a checkpoint of the first stage for the second."""
        if not runner._resume or 'meta' not in checkpoint:
            return
        model = unwrapped(runner.model)
        expected = model.state_dict()
        notes: list[str] = []
        fit_axis_positions(checkpoint['state_dict'], expected, notes)
        averages = checkpoint.get('ema_state_dict', {})
        _fit_parts(averages, {key: key.removeprefix('module.') for key in averages}, expected)
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        optimizer = checkpoint.get('optimizer', {})
        numbers = dict(_numbered(runner.optim_wrapper.param_groups, optimizer, names))
        for moment in _MOMENTS:
            kept = optimizer.get('state', {})
            values = {number: each[moment] for number, each in kept.items() if moment in each}
            _fit_parts(values, numbers, expected)
            for number, value in values.items():
                kept[number][moment] = value
        for note in notes:
            runner.logger.info(f'Next stage: {note}, and so are the moments of AdamW.')


def _fit_parts(
    values: dict[Any, Tensor], names: Mapping[Any, str], expected: Mapping[str, Tensor]
) -> None:
    """Interpolate values that belong to positions, in place; they are found by name."""
    named = {names[key]: value for key, value in values.items() if key in names}
    fit_axis_positions(named, expected, [])
    values.update({key: named[names[key]] for key in values if key in names})


def _numbered(
    groups: list[dict[str, Any]], saved: Mapping[str, Any], names: Mapping[int, str]
) -> Iterator[tuple[Any, str]]:
    """The key of each parameter in a saved optimizer, and its name in the model."""
    for group, before in zip(groups, saved.get('param_groups', ()), strict=False):
        for parameter, number in zip(group['params'], before['params'], strict=False):
            if id(parameter) in names:
                yield number, names[id(parameter)]
