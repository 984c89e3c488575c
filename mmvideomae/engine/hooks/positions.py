"""A run that goes on at another resolution: two stages of one schedule."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor

from mmvideomae.checkpoints.code_parts import fit_axis_positions
from mmvideomae.engine.continuation import ResumeError, describe
from mmvideomae.registry import HOOKS

# What a stage may have otherwise, as long as an update has as many videos.
_BATCHES = (
    'iterations_per_epoch',
    'number_of_processes',
    'batch_size',
    'accumulated_iterations',
)
_MOMENTS = ('exp_avg', 'exp_avg_sq', 'max_exp_avg_sq')


@HOOKS.register_module()
class NextStageHook(Hook):
    """Resume the first stage of a training under the config of the second.

    VIMPAC learns from 128 pixels for 90 epochs and from 256 for 10 more, under one schedule of
    100: the second stage resumes the last checkpoint of the first, with its optimizer and its
    learning rate (released code; appendix C.1).  Positions, and the moments that AdamW keeps of
    them, are interpolated along each axis, linearly.  Larger clips need smaller batches: batch
    size, accumulated iterations and number of processes may change at the end of an epoch, if
    their product, the videos of an update, and the updates of an epoch stay.  Everything else is
    compared as always.

    The schedule of the first stage is as long as both: ``param_scheduler=dict(end=100)`` beside
    ``train_cfg=dict(max_epochs=90)``.

    Raises:
        ResumeError: When resuming, if an update or an epoch would be another one.
    """

    # Before HeadRowsHook, which compares shapes, and AtomicCheckpointHook, which compares settings.
    priority = 'HIGHEST'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Bring what a checkpoint of the first stage says to the terms of the second."""
        if not runner._resume or 'meta' not in checkpoint:
            return
        _count_anew(checkpoint['meta'], describe(runner))
        model: Any = runner.model.module if is_model_wrapper(runner.model) else runner.model
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


def _count_anew(meta: dict[str, Any], now: Mapping[str, Any]) -> None:
    """Count the iterations of a checkpoint in those of this run."""
    changed = [key for key in _BATCHES if meta.get(key, now[key]) != now[key]]
    if not changed:
        return
    before = {key: meta.get(key, now[key]) for key in _BATCHES}
    videos, updates = (
        [
            each['batch_size'] * each['number_of_processes'] * each['accumulated_iterations']
            for each in (before, now)
        ],
        [each['iterations_per_epoch'] / each['accumulated_iterations'] for each in (before, now)],
    )
    told = 'cannot resume: '
    if meta['iter'] != meta['epoch'] * before['iterations_per_epoch']:
        raise ResumeError(
            f'{told}{", ".join(changed).replace("_", " ")} changed inside epoch '
            f'{meta["epoch"] + 1}. A next stage resumes a checkpoint from the end of an epoch'
        )
    if videos[0] != videos[1]:
        raise ResumeError(
            f'{told}an update had {videos[0]} videos and now has {videos[1]}. Keep batch size x '
            'processes x accumulative_counts'
        )
    if updates[0] != updates[1]:
        raise ResumeError(
            f'{told}an epoch had {updates[0]:g} updates and now has {updates[1]:g}. Let epochs end '
            "with an update in both stages: train_dataloader.sampler.round_to='update'"
        )
    meta.update({key: now[key] for key in _BATCHES})
    meta['iter'] = meta['epoch'] * now['iterations_per_epoch']


def _fit_parts(
    values: dict[Any, Tensor], names: Mapping[Any, str], expected: Mapping[str, Tensor]
) -> None:
    """Interpolate, in place, values that belong to positions, by the names of these."""
    named = {names[key]: value for key, value in values.items() if key in names}
    fit_axis_positions(named, expected, [])
    values.update({key: named[names[key]] for key in values if key in names})


def _numbered(
    groups: list[dict[str, Any]], saved: Mapping[str, Any], names: Mapping[int, str]
) -> Iterator[tuple[Any, str]]:
    """What a saved optimizer calls each parameter, and its name in the model."""
    for group, before in zip(groups, saved.get('param_groups', ()), strict=False):
        for parameter, number in zip(group['params'], before['params'], strict=False):
            if id(parameter) in names:
                yield number, names[id(parameter)]
