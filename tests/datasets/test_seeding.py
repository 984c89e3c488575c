"""Inside a scope, randomness depends only on (seed, epoch, key); outside, nothing changes."""

import copy
import pickle
import random

import numpy as np
import pytest
import torch

from mmvideomae.datasets.seeding import SampleSeeds


def draw():
    return random.random(), float(np.random.random()), float(torch.rand(()))


def drawn(seeds, *key):
    with seeds.scope(*key):
        return draw()


def announced(seed, epoch):
    seeds = SampleSeeds()
    seeds.set(seed, epoch)
    return seeds


def test_draws_depend_on_seed_epoch_and_key_alone():
    seen = {
        (seed, epoch, *key): drawn(announced(seed, epoch), *key)
        for seed in (0, 1)
        for epoch in (0, 1)
        for key in ((0,), (1,), (1, 1))
    }
    for values in zip(*seen.values(), strict=True):
        assert len(set(values)) == len(seen)
    draw()
    assert drawn(announced(1, 0), 1, 1) == seen[1, 0, 1, 1]


def test_the_generators_outside_go_on_as_if_nothing_happened():
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    undisturbed = [draw(), draw()]
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    first = draw()
    drawn(announced(0, 0), 3)
    with pytest.raises(KeyError), announced(0, 0).scope(4):
        raise KeyError
    assert [first, draw()] == undisturbed


def test_without_an_epoch_the_global_generators_rule():
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    outside = draw()
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    assert SampleSeeds().get() is None
    assert drawn(SampleSeeds(), 3) == outside


def test_copies_are_independent_and_keep_the_epoch():
    seeds = announced(3, 4)
    for other in (copy.deepcopy(seeds), pickle.loads(pickle.dumps(seeds))):
        assert other.get() == (3, 4)
        other.set(5, 6)
        assert seeds.get() == (3, 4)


def test_negative_numbers_are_refused():
    with pytest.raises(ValueError, match='must not be negative, got -1 and 0'):
        SampleSeeds().set(-1, 0)
