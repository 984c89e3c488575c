"""Learning-rate schedules of masked video pre-training, as functions of the update number."""

import math
from typing import Any

from mmengine.optim import BaseOptimWrapper
from mmengine.optim.scheduler.param_scheduler import INF, _ParamScheduler
from torch.optim import Optimizer

from mmvideomae.registry import PARAM_SCHEDULERS


class _UpdateLR(_ParamScheduler):
    """A schedule in closed form; a subclass defines the share of the base rate for an update.

    With gradient accumulation it counts updates, not iterations, so a run on fewer devices with
    accumulation has the rates of the published run.

    Attributes:
        in_epochs: Options that are lengths, in epochs if ``by_epoch``.
    """

    in_epochs: tuple[str, ...] = ()

    @classmethod
    def build_iter_from_epoch(
        cls,
        optimizer: Optimizer | BaseOptimWrapper,
        epoch_length: int,
        begin: int = 0,
        end: int = INF,
        by_epoch: bool = True,
        **options: Any,
    ) -> '_UpdateLR':
        """Build the schedule per iteration from lengths in epochs of ``epoch_length`` steps.

        Args:
            options: The schedule's own arguments, as for its constructor.
        """
        if not by_epoch or epoch_length <= 0:
            raise ValueError(
                'only an epoch-based schedule with a positive epoch_length can be converted, '
                f'got by_epoch={by_epoch}, epoch_length={epoch_length}'
            )
        begin = int(begin * epoch_length)
        end = int(end * epoch_length) if end < INF else INF
        for key in options.keys() & set(cls.in_epochs):
            options[key] = round(options[key] * epoch_length)
        return cls(optimizer, begin=begin, end=end, by_epoch=False, **options)

    def _count_updates(
        self, optimizer: Optimizer | BaseOptimWrapper, begin: int, end: int, by_epoch: bool
    ) -> None:
        if end >= INF:
            raise ValueError(
                f'{type(self).__name__} needs `end`; a runner fills it in from max_epochs'
            )
        self.accumulation = 1 if by_epoch else getattr(optimizer, '_accumulative_counts', 1)
        self.updates = math.ceil((end - begin) / self.accumulation)

    def _get_value(self) -> list[float]:
        """Rate of every parameter group at ``last_step``."""
        return [base * self.factor(self.last_step) for base in self.base_values]

    def factor(self, step: int) -> float:
        """Share of the base rate at ``step`` (iterations since ``begin``), in [0, 1]."""
        return self.factor_of(step // self.accumulation)

    def factor_of(self, update: int) -> float:
        """Share of the base rate at an update, counted from ``begin``, in [0, 1]."""
        raise NotImplementedError


@PARAM_SCHEDULERS.register_module()
class WarmupCosineLR(_UpdateLR):
    """Linear warm-up from zero, then half a cosine, in closed form per iteration.

    With ``w`` warm-up and ``n`` remaining updates, base rate ``b`` and minimum ``m``, update ``k``
    uses ``b * k / (w - 1)`` while ``k < w`` (so the last warm-up update already has ``b``)
    and ``m + (b - m) * (1 + cos(pi * (k - w) / n)) / 2`` afterwards: the schedule of VideoMAE
    and VideoMAE V2.  A chain of mmengine's ``LinearLR`` and ``CosineAnnealingLR`` cannot do this:
    ``LinearLR`` multiplies the previous value, so it divides by zero when it starts from 0,
    and both accumulate rounding errors.  Here every value depends only on the update's number.

    The minimum is a ratio, so scaling the learning rate scales it too, as in the papers' code.

    Args:
        optimizer: The optimizer or its wrapper.
        warmup: Length of the warm-up, in epochs if ``by_epoch`` (fractions are allowed when
            converted to iterations), else in iterations.
        eta_min_ratio: The minimum as a share of each group's own base rate, in [0, 1].
        begin: First step.
        end: Last step, exclusive; the runner fills in the training's length.
        last_step: Number of the last finished step; -1 at the start.
        by_epoch: Whether the units above are epochs.  Configs set ``convert_to_iter_based=True``
            so that the rate changes every iteration.
        verbose: Whether to log every value.
        from_zero: Whether the first update of the warm-up has a rate of zero, and so changes
            nothing, as in the papers.  False, for small sets of which it may be a whole epoch,
            uses ``b * (k + 1) / (w + 1)``.

    Raises:
        ValueError: ``warmup`` is negative, ``eta_min_ratio`` is outside [0, 1], or ``end`` is not
            set.
    """

    in_epochs = ('warmup',)

    def __init__(
        self,
        optimizer: Optimizer | BaseOptimWrapper,
        warmup: float = 0,
        eta_min_ratio: float = 0.0,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
        from_zero: bool = True,
    ) -> None:
        if warmup < 0:
            raise ValueError(f'warmup must not be negative, got {warmup}')
        if not 0.0 <= eta_min_ratio <= 1.0:
            raise ValueError(f'eta_min_ratio must lie in [0, 1], got {eta_min_ratio}')
        self.eta_min_ratio, self.from_zero = eta_min_ratio, from_zero
        self._count_updates(optimizer, begin, end, by_epoch)
        self.warmup_updates = int(warmup) // self.accumulation
        self.cosine_updates = self.updates - self.warmup_updates
        super().__init__(optimizer, 'lr', begin, end, last_step, by_epoch, verbose)

    def factor_of(self, update: int) -> float:
        if update < self.warmup_updates and not self.from_zero:
            return (update + 1) / (self.warmup_updates + 1)
        if update < self.warmup_updates:
            # As in numpy's linspace(0, b, 1), a warm-up of a single update has a rate of zero.
            return update / max(self.warmup_updates - 1, 1)
        progress = (update - self.warmup_updates) / max(self.cosine_updates, 1)
        floor = self.eta_min_ratio
        return floor + 0.5 * (1.0 - floor) * (1.0 + math.cos(math.pi * progress))


@PARAM_SCHEDULERS.register_module()
class WarmupLinearLR(_UpdateLR):
    """Linear warm-up from zero, then linear decay to zero, per update (VIMPAC Table 4; BERT).

    Of ``n`` updates ``w = int(warmup_share * n)`` warm up: update ``k`` has ``k / w`` of the base
    rate while ``k < w``, and ``(n - k) / (n - w)`` afterwards.

    Args:
        optimizer: The optimizer or its wrapper.
        warmup_share: Share of all updates, in [0, 1).
        begin: First step.
        end: Last step, exclusive; the runner fills in the training's length.
        last_step: Number of the last finished step; -1 at the start.
        by_epoch: Whether the units above are epochs.  Configs set ``convert_to_iter_based=True``
            so that the rate changes every iteration.
        verbose: Whether to log every value.
        from_zero: See `WarmupCosineLR`.

    Raises:
        ValueError: ``warmup_share`` is outside [0, 1), or ``end`` is not set.
    """

    def __init__(
        self,
        optimizer: Optimizer | BaseOptimWrapper,
        warmup_share: float = 0.0,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
        from_zero: bool = True,
    ) -> None:
        if not 0.0 <= warmup_share < 1.0:
            raise ValueError(f'warmup_share must lie in [0, 1), got {warmup_share}')
        self.from_zero = from_zero
        self._count_updates(optimizer, begin, end, by_epoch)
        self.warmup_updates = int(warmup_share * self.updates)
        super().__init__(optimizer, 'lr', begin, end, last_step, by_epoch, verbose)

    def factor_of(self, update: int) -> float:
        if update < self.warmup_updates:
            late = 0 if self.from_zero else 1
            return (update + late) / (self.warmup_updates + late)
        left = max(self.updates - update, 0)
        return left / max(self.updates - self.warmup_updates, 1)
