"""Make the randomness of the main process a function of the iteration."""

import random
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmvideomae.registry import HOOKS


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seed python, NumPy and torch from (seed, rank, iteration) before every iteration.

    Drop path, dropout and mixup then depend only on the iteration's number, so a resumed run
    draws the same numbers as an uninterrupted one.
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed all generators of this process, and of its devices."""
        sequence = np.random.SeedSequence([runner.seed, runner.rank, runner.iter])
        words = sequence.generate_state(4)
        random.seed(int(words[0]))
        np.random.seed(words[1])
        torch.manual_seed(int(words[2]) << 32 | int(words[3]))
