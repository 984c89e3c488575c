"""What a resumed run must share with the interrupted one, and what it takes from its config."""

import hashlib
import math
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.optim import OptimWrapperDict, _ParamScheduler
from mmengine.runner import Runner
from torch import nn

from mmvideomae.engine.regrouping import ResumeError, regroup

_START_ANEW = 'or start anew from its weights with load_from=CHECKPOINT instead of --resume'
# What must be unchanged, with advice if it is not.
_FIXED = {
    'data': 'Use the lists of the interrupted run (names, order and labels of its samples)',
    'seed': 'Use the randomness.seed of the interrupted run',
    'optimizer': 'Use the optimizer of the interrupted run',
    'teacher': "Use the teacher's weights of the interrupted run",
}
# Settings of an optimizer that do not change its results.
_HOW = {'params', 'group_name', 'foreach', 'fused', 'capturable', 'differentiable'}


def describe(runner: Runner) -> dict[str, Any]:
    """The settings that define what an iteration's number means; stored in a checkpoint's meta."""
    loader = runner.train_dataloader
    return {
        'iterations_per_epoch': len(loader),
        'number_of_processes': runner.world_size,
        'batch_size': loader.batch_size or 1,  # a batch sampler of one's own has none
        'data': data_fingerprint(loader.dataset),
        'accumulated_iterations': getattr(runner.optim_wrapper, '_accumulative_counts', 1),
        'optimizer': _optimizer_name(runner.optim_wrapper),
        'teacher': _teacher(runner.model),
        'max_epochs': runner.max_epochs,
        'max_iters': runner.max_iters,
        'schedule': str(runner.cfg.get('param_scheduler')),
    }


def fit_position(runner: Runner, checkpoint: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Check that a run can continue a checkpoint, and convert its number of iterations.

    Args:
        now: `describe` of the run that resumes.

    Raises:
        ResumeError: An iteration would have other samples or another update, the optimizer's
            state does not fit, or more iterations are done than the config specifies.
    """
    meta = checkpoint['meta']
    now = {**now, 'seed': runner.cfg.get('randomness', {}).get('seed')}
    for key, advice in _FIXED.items():
        if None not in (meta.get(key), now.get(key)) and meta[key] != now[key]:
            _refuse(f'{key} was {meta[key]} and is now {now[key]}', advice)
    former = meta['iter']
    if regroup(meta, now):
        runner.logger.info(
            f'Updates are divided otherwise than in the interrupted run: its iteration {former} is '
            f'iteration {meta["iter"]} of this one, with the same samples behind it.'
        )
    if meta['epoch'] > runner.max_epochs or meta['iter'] > runner.max_iters:
        raise ResumeError(
            f'cannot resume: {meta["epoch"]} epochs ({meta["iter"]} iterations) are done, more '
            f'than in the config (max_epochs={runner.max_epochs}). Increase '
            'train_cfg.max_epochs, or resume an earlier checkpoint'
        )
    for name, wrapper, saved in _optimizers(runner, checkpoint):
        _require_same_optimizer(name, wrapper, saved)


def follow_schedule(runner: Runner, checkpoint: dict[str, Any]) -> None:
    """Advance the schedules of the runner's config to the checkpoint's iteration.

    mmengine loads the whole schedule, including its length, from the checkpoint.  Here the
    schedules that the runner has built are stepped as often as the checkpoint's were, and
    their values replace those that the checkpoint would load, so the run continues as if it
    had had its config from the start.  A schedule that depends on measured values
    (`ReduceOnPlateauLR`) cannot be repeated; it is loaded as in mmengine.

    Raises:
        ResumeError: The config changes a schedule that depends on measured values.
    """
    schedulers = _schedulers(runner)
    _tell_changes(runner, checkpoint['meta'], checkpoint)
    if any(getattr(scheduler, 'need_val_args', False) for scheduler in schedulers):
        saved = checkpoint['meta'].get('schedule')
        if saved is not None and saved != str(runner.cfg.get('param_scheduler')):
            _refuse(
                'param_scheduler has changed, but one that depends on a measured value cannot be '
                'changed during a run',
                'Use the param_scheduler of the interrupted run',
            )
        return
    _repeat(schedulers, checkpoint['meta'], len(runner.train_dataloader))
    if 'param_schedulers' in checkpoint:
        checkpoint['param_schedulers'] = _states(runner.param_schedulers)
    for _, wrapper, saved in _optimizers(runner, checkpoint):
        groups = wrapper.optimizer.param_groups
        for group, settings in zip(groups, saved['param_groups'], strict=True):
            _copy_settings(group, settings)
        if saved.get('base_param_settings') and wrapper.base_param_settings:
            _copy_settings(wrapper.base_param_settings, saved['base_param_settings'])


def drop_unused_scaler(runner: Runner, checkpoint: Mapping[str, Any]) -> None:
    """Let a run in float16 continue one in bfloat16, whose gradient scaler has no state to load."""
    for _, _, saved in _optimizers(runner, checkpoint):
        if not saved.get('loss_scaler', True):
            del saved['loss_scaler']


def use_trained_weights(runner: Runner, checkpoint: dict[str, Any]) -> None:
    """Use the trained weights of a run that averaged its weights, if the new one does not.

    mmengine's `EMAHook` saves the averages as ``state_dict``, for tests and other trainings,
    and the trained weights, to which the optimizer's state belongs, as ``ema_state_dict``.  A
    run with an `EMAHook` swaps them back itself.
    """
    trained = checkpoint.get('ema_state_dict')
    if trained is None or any(hasattr(hook, 'ema_model') for hook in runner.hooks):
        return
    prefix = 'module.'
    for key, value in trained.items():
        if key.startswith(prefix) and key.removeprefix(prefix) in checkpoint['state_dict']:
            checkpoint['state_dict'][key.removeprefix(prefix)] = value
    runner.logger.warning(
        'The interrupted run averaged its weights (EMAHook), but the config does not: training '
        'continues from the trained weights, and the averages are dropped.'
    )


def data_fingerprint(dataset: Any) -> str | None:
    """A digest of the samples' names and labels; None if the data set does not provide one.

    Data sets provide it by ``fingerprint()``; wrappers are unwrapped.
    """
    if hasattr(dataset, 'fingerprint'):
        return dataset.fingerprint()
    parts = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    prints = [data_fingerprint(part) for part in parts if part is not None]
    if not prints or None in prints:
        return None
    return hashlib.sha256(' '.join(map(str, prints)).encode()).hexdigest()[:16]


def _require_same_optimizer(name: str, wrapper: Any, saved: Mapping[str, Any]) -> None:
    """Compare the settings of a checkpoint, which would replace those of the config."""
    groups, before = wrapper.optimizer.param_groups, saved['param_groups']
    sizes = [len(group['params']) for group in groups]
    saved_sizes = [len(group['params']) for group in before]
    # A sharded optimizer has names and other portions of parameters, the saved one numbers.
    whole = all(isinstance(number, int) for group in before for number in group['params'])
    if len(sizes) != len(saved_sizes) or (whole and sizes != saved_sizes):
        _refuse(
            f'the optimizer{name} had {_counts(saved_sizes)} and now has {_counts(sizes)}',
            'Use the model, the frozen parts and the optim_wrapper.paramwise_cfg of the '
            'interrupted run',
        )
    base, saved_base = wrapper.base_param_settings, saved.get('base_param_settings')
    if base and saved_base:
        _require_same_settings(f'the optimizer{name}', base, saved_base)
    for number, (group, settings) in enumerate(zip(groups, before, strict=True)):
        which = group.get('group_name', number) if len(groups) > 1 else ''
        label = f'the optimizer{name}' + (f', parameter group {which}' if which != '' else '')
        _require_same_settings(label, group, settings)


def _require_same_settings(where: str, now: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    for key in now:
        if key in _HOW or key.startswith('initial_'):
            continue
        if key == 'betas' and 'initial_momentum' in now:  # a schedule of the momentum sets it
            continue
        if key not in before:
            _refuse(
                f'{where} has {key}, which the checkpoint lacks', 'Use the optimizer of that run'
            )
        # A schedule changes the value but keeps the initial one.
        value, former = (
            settings.get(f'initial_{key}', settings[key]) for settings in (now, before)
        )
        if not _equal(value, former):
            _refuse(
                f'{key} of {where} was {_short(former)} and is now {_short(value)}',
                'Use the rates and settings of the interrupted run (with --auto-scale-lr if it had '
                'that)',
            )


def _equal(value: Any, other: Any) -> bool:
    if isinstance(value, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(value) == len(other) and all(map(_equal, value, other))
    if isinstance(value, float) or isinstance(other, float):
        return math.isclose(value, other, rel_tol=1e-9)
    return value == other


def _short(value: Any) -> str:
    return f'{value:g}' if isinstance(value, float) else str(value)


def _counts(sizes: list[int]) -> str:
    parts = ' + '.join(map(str, sizes)) if len(sizes) <= 4 else sum(sizes)
    return f'{len(sizes)} parameter groups of {parts} parameters'


def _refuse(what: str, advice: str) -> None:
    raise ResumeError(f'cannot resume: {what}. {advice}, {_START_ANEW}.')


def _tell_changes(runner: Runner, meta: Mapping[str, Any], checkpoint: Mapping[str, Any]) -> None:
    """Log changes of the run's length or schedule."""
    info = checkpoint.get('message_hub', {}).get('runtime_info', {})
    for key in ('max_epochs', 'max_iters'):  # a loop without epochs has only the second
        before, now = meta.get(key, info.get(key)), getattr(runner, key)
        if before is not None and before != now:
            runner.logger.info(
                f'The interrupted run had {key}={before}, but the config has {now}: from here on, '
                'learning rates follow the schedule of the config.'
            )
            return
    if meta.get('schedule', str(runner.cfg.get('param_scheduler'))) != str(
        runner.cfg.get('param_scheduler')
    ):
        runner.logger.info(
            'param_scheduler has changed: from here on, learning rates follow the config.'
        )


def _repeat(schedulers: list[_ParamScheduler], meta: Mapping[str, Any], epoch_length: int) -> None:
    """Step newly built schedulers as `ParamSchedulerHook` has done up to this point."""
    by_iteration = [scheduler for scheduler in schedulers if not scheduler.by_epoch]
    by_epoch = [scheduler for scheduler in schedulers if scheduler.by_epoch]
    with warnings.catch_warnings():
        # "Call optimizer.step() first": it was called before the interruption.
        warnings.simplefilter('ignore', UserWarning)
        for done in range(1, meta['iter'] + 1):
            for scheduler in by_iteration:
                scheduler.step()
            if done % epoch_length == 0 and done // epoch_length <= meta['epoch']:
                for scheduler in by_epoch:
                    scheduler.step()


def _copy_settings(source: Mapping[str, Any], target: dict[str, Any]) -> None:
    target.update({key: value for key, value in source.items() if key != 'params'})


def _schedulers(runner: Runner) -> list[_ParamScheduler]:
    built = runner.param_schedulers
    lists = built.values() if isinstance(built, dict) else [built or []]
    return [scheduler for part in lists for scheduler in part]


def _states(built: Any) -> Any:
    if isinstance(built, dict):
        return {name: _states(part) for name, part in built.items()}
    return [scheduler.state_dict() for scheduler in built]


def _optimizers(runner: Runner, checkpoint: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """(name for messages, wrapper, saved state) of each optimizer in the checkpoint."""
    wrapper, saved = runner.optim_wrapper, checkpoint.get('optimizer')
    if saved is None:
        return
    if not isinstance(wrapper, OptimWrapperDict):
        yield '', wrapper, saved
        return
    for name, part in wrapper.items():
        if name not in saved:
            _refuse(f'the checkpoint has no optimizer {name!r}', 'Use the optimizers of that run')
        yield f' {name!r}', part, saved[name]


def _teacher(model: nn.Module) -> str | None:
    """Fingerprints of frozen teachers, whose weights are in no checkpoint."""
    found = (getattr(part, 'teacher_fingerprint', None) for part in model.modules())
    return ' '.join(filter(None, found)) or None


def _optimizer_name(wrapper: Any) -> str:
    parts = wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]
    return ', '.join(type(part.optimizer).__name__ for part in parts)
