"""Linear scaling of the learning rate with the total batch size."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mmengine.config import Config


class LearningRateScaling(NamedTuple):
    """The result of `scale_learning_rate`: old and new rates and their batch sizes."""

    old_lr: float
    new_lr: float
    base_batch_size: int
    total_batch_size: int

    def __str__(self) -> str:
        return (
            f'Learning rate scaled from {self.old_lr:g} (total batch {self.base_batch_size}) to '
            f'{self.new_lr:g} (total batch {self.total_batch_size}); the minimum follows.'
        )


def total_batch_size(cfg: Config | Mapping[str, Any], world_size: int) -> int:
    """Clips per update: batch size x processes x accumulation.

    Repeats of a clip (repeated augmentation) are not counted, as in VideoMAE V2's code.

    Raises:
        ValueError: The config has no `train_dataloader.batch_size`.
    """
    batch_size = (cfg.get('train_dataloader') or {}).get('batch_size')
    if batch_size is None:
        raise ValueError('the learning rate depends on train_dataloader.batch_size, which is unset')
    return batch_size * world_size * cfg['optim_wrapper'].get('accumulative_counts', 1)


def scale_learning_rate(cfg: Config, world_size: int) -> LearningRateScaling:
    """Multiply the config's learning rate by total batch / `auto_scale_lr.base_batch_size`.

    Minima given as values (`eta_min` of a scheduler) are scaled too; those given as ratios need
    no change.  `cfg` is changed in place, for any runner: `base_batch_size` becomes the new total,
    to which the new rate belongs, so that scaling twice changes nothing, and mmengine's own
    scaling, which ignores accumulation, is switched off.

    Raises:
        ValueError: `auto_scale_lr.base_batch_size`, the batch size or the rate is missing.
    """
    base = (cfg.get('auto_scale_lr') or {}).get('base_batch_size')
    if base is None:
        raise ValueError(
            'scaling the learning rate needs auto_scale_lr.base_batch_size in the config: the '
            'total batch for which optim_wrapper.optimizer.lr was chosen'
        )
    optimizer = cfg['optim_wrapper'].get('optimizer') or {}
    if 'lr' not in optimizer:
        raise ValueError('scaling the learning rate needs optim_wrapper.optimizer.lr')
    total = total_batch_size(cfg, world_size)
    old_lr = optimizer['lr']
    optimizer['lr'] = old_lr * total / base
    for scheduler in _schedulers(cfg.get('param_scheduler')):
        if scheduler.get('eta_min') is not None:
            scheduler['eta_min'] = scheduler['eta_min'] * total / base
    cfg['auto_scale_lr'].update(base_batch_size=total, enable=False)
    return LearningRateScaling(old_lr, optimizer['lr'], base, total)


def batch_size_warning(cfg: Config, world_size: int) -> str | None:
    """One line if the total batch is not the one for which the learning rate was chosen."""
    base = (cfg.get('auto_scale_lr') or {}).get('base_batch_size')
    if base is None:
        return None
    total = total_batch_size(cfg, world_size)
    if total == base:
        return None
    return (
        f'The total batch is {total}, but optim_wrapper.optimizer.lr was chosen for {base}: add '
        '--auto-scale-lr, or reach it with optim_wrapper.accumulative_counts.'
    )


def _schedulers(param_scheduler: Any) -> list[Any]:
    """The scheduler configs of a `param_scheduler` entry, which may be one or a list."""
    if param_scheduler is None:
        return []
    return (
        list(param_scheduler) if isinstance(param_scheduler, (list, tuple)) else [param_scheduler]
    )
