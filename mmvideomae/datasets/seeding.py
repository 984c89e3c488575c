"""Make the randomness of a sample a function of (seed, epoch, index) alone."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_UNSET = -1


class SampleSeeds:
    """Keeps (seed, epoch) in memory that worker processes share, and seeds samples from it.

    A sampler in the main process sets the two numbers, and workers that live longer than an
    epoch, forked or spawned, read the new values.  Until they are set, randomness follows
    the global generators of the process.
    """

    def __init__(self) -> None:
        self._state = torch.full((2,), _UNSET, dtype=torch.int64).share_memory_()

    def __deepcopy__(self, memo: dict[int, object]) -> 'SampleSeeds':
        """A copied data set has its own epoch, which it shares with its own workers."""
        other = SampleSeeds()
        other._state.copy_(self._state)
        return other

    def set(self, seed: int, epoch: int) -> None:
        """Set the epoch that is about to be read."""
        if seed < 0 or epoch < 0:
            raise ValueError(f'seed and epoch must not be negative, got {seed} and {epoch}')
        self._state[0], self._state[1] = seed, epoch

    def get(self) -> tuple[int, int] | None:
        """The last (seed, epoch) that was set; None before the first."""
        seed, epoch = self._state.tolist()
        return None if seed == _UNSET else (seed, epoch)

    @contextmanager
    def scope(self, *key: int) -> Iterator[None]:
        """Seed ``random``, ``np.random`` and torch's CPU generator by (seed, epoch, *key).

        The previous states are restored on leaving, so that a loader without workers does
        not disturb the generators of the training process.
        """
        announced = self.get()
        if announced is None:
            yield
            return
        words = np.random.SeedSequence((*announced, *key)).generate_state(8)
        before = random.getstate(), np.random.get_state(), torch.get_rng_state()
        random.seed(words[:2].tobytes())
        np.random.seed(words[2:6])
        torch.default_generator.manual_seed(int(words[6]) << 32 | int(words[7]))
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])
            torch.set_rng_state(before[2])
