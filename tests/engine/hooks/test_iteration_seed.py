"""Contract: random draws of the main process depend only on seed, rank and iteration."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmvideomae.engine import IterationSeedHook


def draws(seed: int = 0, rank: int = 0, iteration: int = 0) -> tuple[float, float, float]:
    runner = SimpleNamespace(seed=seed, rank=rank, iter=iteration)
    IterationSeedHook().before_train_iter(runner, batch_idx=0)
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_same_key_same_draws() -> None:
    first = draws(3, 1, 7)
    draws(5, 0, 2)
    assert draws(3, 1, 7) == first


@pytest.mark.parametrize('other', [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_every_part_of_the_key_matters_to_every_generator(other: tuple[int, int, int]) -> None:
    for left, right in zip(draws(), draws(*other), strict=True):
        assert left != right
