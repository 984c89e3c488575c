"""Contract: a run continues on other processes with the same samples in the same order."""

import contextlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmvideomae.engine import prepare_cpu_processes
from mmvideomae.engine.loaders import settle_loaders
from mmvideomae.engine.regrouping import Grouping, ResumeError, regroup
from mmvideomae.registry import HOOKS
from tests.support.processes import in_processes

MakeConfig = Callable[..., Config]
UPDATE, CLIPS, EPOCHS = 4, 14, 4
UPDATES = CLIPS // UPDATE * EPOCHS


def grouping(share: int, processes: int, accumulated: int, epoch: int) -> dict[str, int]:
    return Grouping(share, processes, accumulated, epoch // (share * processes))._asdict()


numbers = st.integers(1, 8)


@given(numbers, numbers, numbers, numbers, st.integers(1, 50), st.data())
def test_the_samples_behind_a_position_stay(
    share: int, processes: int, accumulated: int, other: int, updates: int, data: st.DataObject
) -> None:
    """An update is divided anew, with as many samples done and left."""
    update = share * processes * accumulated * other
    before = grouping(share * other, processes, accumulated, update * updates)
    parts = data.draw(st.permutations([share, processes, accumulated * other]))
    after = grouping(*parts, update * updates)
    done = data.draw(st.integers(0, updates))
    iterations = done * before['accumulated_iterations']
    meta = {**before, 'iter': iterations, 'epoch': 0}
    assert regroup(meta, after) == (before != after)
    assert meta == {**after, 'iter': done * after['accumulated_iterations'], 'epoch': 0}


@pytest.mark.parametrize(
    ('now', 'told'),
    [
        ((4, 3, 1, 24), r'had 8 samples \(.*\) and now has 12 .*do not divide 8: use 1, 2, 4, 8,'),
        ((8, 2, 1, 32), r'now has 16 .*On 2 processes use .*batch_size=4 and .*counts=1,'),
        ((3, 1, 2, 24), r'now has 6 .*batch_size=4 and .*counts=2,'),
        ((8, 1, 1, 16), r'an epoch had 24 samples .* and now has 16 .*round_to'),
    ],
)
def test_another_update_is_refused_with_what_fits(now: tuple[int, ...], told: str) -> None:
    meta = {**grouping(4, 2, 1, 24), 'iter': 3}
    with pytest.raises(ResumeError, match=told) as caught:
        regroup(meta, grouping(*now))
    assert '\n' not in str(caught.value)


@HOOKS.register_module(force=True)
class WhatWasSeen(Hook):
    """Names of the clips of every iteration and their loss, in ``seen`` of the runner's model."""

    def __init__(self, stop: int) -> None:
        self.stop = stop
        self.seen: list[tuple[list[str], float]] = []

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        names = [sample.filename for sample in data_batch['data_samples']]
        self.seen.append((names, float(outputs['loss'])))
        if runner.iter + 1 == self.stop:
            raise KeyboardInterrupt


def follow(cfg: Config, stop: int) -> list[tuple[list[str], float]]:
    """Train until iteration ``stop``; what was seen of each iteration."""
    settle_loaders(cfg)
    prepare_cpu_processes(cfg)
    watch = WhatWasSeen(stop)
    runner = Runner.from_cfg(cfg)
    runner.register_hook(watch, 'LOWEST')
    with contextlib.suppress(KeyboardInterrupt):
        runner.train()
    return watch.seen


def updates_of(parts: list[list[tuple[list[str], float]]], each: int) -> list[tuple[set, float]]:
    """Clips and mean loss of every update, from the iterations of all processes."""
    found = []
    for start in range(0, len(parts[0]), each):
        iterations = [one for part in parts for one in part[start : start + each]]
        names = {name for names, _ in iterations for name in names}
        found.append((names, sum(loss for _, loss in iterations) / len(iterations)))
    return found


def plan(seed: int) -> list[tuple[int, int, int]]:
    """(processes, accumulated iterations, last update) of the parts of a run."""
    if not seed:
        return [(1, 2, 5), (2, 1, UPDATES)]
    rng = random.Random(seed)
    stops = sorted(rng.sample(range(1, UPDATES), 2))
    ways = rng.sample([(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4)], 3)
    return [(*way, stop) for way, stop in zip(ways, [*stops, UPDATES], strict=True)]


@pytest.mark.parametrize(
    'seed', [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 20))]
)
def test_killed_and_continued_on_others_it_sees_the_same_clips(
    seed: int, run_config: MakeConfig, tmp_path: Path
) -> None:
    """Killed twice at random updates, each time to go on in another number of processes."""
    options = {
        'model': {'backbone': {'drop_path_rate': 0.0}},
        'default_hooks': {'checkpoint': {'by_epoch': False, 'interval': 1}},
        'train_cfg': {'max_epochs': EPOCHS},
    }

    def part(name: str, processes: int, accumulated: int, stop: int, resume: bool) -> list:
        def train(rank: int) -> list[tuple[list[str], float]]:
            cfg = run_config(name, resume=resume, **options)
            cfg.train_dataloader.batch_size = UPDATE // (processes * accumulated)
            cfg.train_dataloader.dataset.length = CLIPS
            cfg.optim_wrapper.accumulative_counts = accumulated
            if processes > 1:
                cfg.launcher = 'pytorch'
                os.environ['LOCAL_RANK'] = str(rank)
            return follow(cfg, stop * accumulated)

        folder = tmp_path / f'{name} {stop}'
        folder.mkdir()
        return updates_of(in_processes(processes, train, folder), accumulated)

    expected = part('whole', 1, 1, UPDATES, False)
    assert len(expected) == UPDATES
    found = []
    for processes, accumulated, stop in plan(seed):
        found += part('parts', processes, accumulated, stop, bool(found))
    assert [names for names, _ in found] == [names for names, _ in expected]
    losses = torch.tensor([[loss for _, loss in run] for run in (found, expected)])
    torch.testing.assert_close(losses[0], losses[1], rtol=0, atol=1e-6)
