"""Learning-rate schedule of masked video pre-training."""

import math

from mmengine.optim import BaseOptimWrapper
from mmengine.optim.scheduler.param_scheduler import INF, _ParamScheduler
from torch.optim import Optimizer

from mmvideomae.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class WarmupCosineLR(_ParamScheduler):
    """Linear warm-up from zero, then half a cosine, in closed form per iteration.

    With ``w`` warm-up and ``n`` remaining updates, base rate ``b`` and floor ``m``, update ``k``
    uses ``b * k / (w - 1)`` while ``k < w`` (so that the last warm-up update already has ``b``)
    and ``m + (b - m) * (1 + cos(pi * (k - w) / n)) / 2`` afterwards: the schedule of VideoMAE
    and VideoMAE V2.  A chain of mmengine's ``LinearLR`` and ``CosineAnnealingLR`` cannot give it:
    ``LinearLR`` multiplies the previous value, so that it divides by zero when it starts from 0,
    and both accumulate rounding.  Here every value is a function of the update's number only.

    Under gradient accumulation the schedule counts updates, not iterations: a run on fewer
    devices with accumulation has the rates of the published run.  The floor is a ratio, so that
    scaling the learning rate scales it too, as the papers' code does.

    Args:
        optimizer: The optimizer or its wrapper.
        warmup: Length of the warm-up; in epochs where ``by_epoch`` (fractions are allowed when
            converted to iterations), else in iterations.
        eta_min_ratio: The floor as a share of each group's own base rate, in [0, 1].
        begin: First step.
        end: Last step, exclusive; the runner fills in the training's length.
        last_step: Number of the last step done; -1 at the start.
        by_epoch: Whether the units above are epochs.  Configs say ``convert_to_iter_based=True``
            so that the rate changes every iteration.
        verbose: Whether to log every value.

    Raises:
        ValueError: If ``warmup`` is negative, ``eta_min_ratio`` outside [0, 1], or ``end`` open.
    """

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
    ) -> None:
        if warmup < 0:
            raise ValueError(f'warmup must not be negative, got {warmup}')
        if not 0.0 <= eta_min_ratio <= 1.0:
            raise ValueError(f'eta_min_ratio must lie in [0, 1], got {eta_min_ratio}')
        if end >= INF:
            raise ValueError('WarmupCosineLR needs `end`; a runner fills it in from max_epochs')
        self.eta_min_ratio = eta_min_ratio
        accumulation = 1 if by_epoch else getattr(optimizer, '_accumulative_counts', 1)
        self.accumulation = accumulation
        self.warmup_updates = int(warmup) // accumulation
        self.cosine_updates = math.ceil((end - begin) / accumulation) - self.warmup_updates
        super().__init__(
            optimizer,
            'lr',
            begin=begin,
            end=end,
            last_step=last_step,
            by_epoch=by_epoch,
            verbose=verbose,
        )

    @classmethod
    def build_iter_from_epoch(
        cls,
        optimizer: Optimizer | BaseOptimWrapper,
        epoch_length: int,
        warmup: float = 0,
        eta_min_ratio: float = 0.0,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> 'WarmupCosineLR':
        """Build the per-iteration schedule from lengths in epochs of ``epoch_length`` steps."""
        if not by_epoch or epoch_length <= 0:
            raise ValueError(
                'only an epoch-based schedule with a positive epoch_length can be converted, '
                f'got by_epoch={by_epoch}, epoch_length={epoch_length}'
            )
        return cls(
            optimizer,
            warmup=round(warmup * epoch_length),
            eta_min_ratio=eta_min_ratio,
            begin=int(begin * epoch_length),
            end=int(end * epoch_length) if end < INF else INF,
            last_step=last_step,
            by_epoch=False,
            verbose=verbose,
        )

    def _get_value(self) -> list[float]:
        """Rate of every parameter group at ``last_step``."""
        return [base * self.factor(self.last_step) for base in self.base_values]

    def factor(self, step: int) -> float:
        """Share of the base rate at ``step`` (iterations since ``begin``), in [0, 1]."""
        update = step // self.accumulation
        if update < self.warmup_updates:
            # A warm-up of a single update is numpy's linspace(0, b, 1): zero.
            return update / max(self.warmup_updates - 1, 1)
        progress = (update - self.warmup_updates) / max(self.cosine_updates, 1)
        floor = self.eta_min_ratio
        return floor + 0.5 * (1.0 - floor) * (1.0 + math.cos(math.pi * progress))
