"""Contract: log lines show clips/s, data share and memory; waiting for data warns once."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.logging import MessageHub

from mmvideomae.engine import ThroughputHook


class Log:
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def info(self, message: str) -> None:
        assert 'repeat' in message

    def warning(self, message: str) -> None:
        self.warnings.append(message)


def run(
    times: list[tuple[float, float]], world_size: int = 1, repeats: int = 1, **options: Any
) -> SimpleNamespace:
    """Feed (time, data time) of iterations with 4 clips each to the hook."""
    hub = MessageHub(f'throughput_{id(times)}_{len(times)}')
    runner = SimpleNamespace(
        message_hub=hub,
        logger=Log(),
        world_size=world_size,
        train_dataloader=SimpleNamespace(batch_size=4),
    )
    hook = ThroughputHook(**options)
    hook.before_train(runner)
    batch = {'inputs': torch.zeros(4, repeats, 2, 2), 'data_samples': [None] * 4}
    for index, (time, data_time) in enumerate(times):
        hub.update_scalar('train/time', time)
        hub.update_scalar('train/data_time', data_time)
        hook.after_train_iter(runner, index, data_batch=batch)
    return runner


def value(runner: SimpleNamespace, key: str) -> float:
    return runner.message_hub.get_scalar(f'train/{key}').current()


@pytest.mark.parametrize(('world_size', 'repeats'), [(1, 1), (1, 4), (8, 4)])
def test_counts_clips_of_all_processes_and_no_repeats(world_size: int, repeats: int) -> None:
    runner = run([(0.5, 0.1)] * 6, world_size=world_size, repeats=repeats)
    assert value(runner, 'clips_per_s') == pytest.approx(world_size * 4 / 0.5)
    assert value(runner, 'data_share') == pytest.approx(0.2)


def test_averages_over_the_window_without_the_start() -> None:
    runner = run([(100.0, 99.0)] * 2 + [(1.0, 0.0), (3.0, 2.0)], window=3, warmup=2)
    assert value(runner, 'clips_per_s') == pytest.approx(8 / 4.0)
    assert value(runner, 'data_share') == pytest.approx(0.5)


@pytest.mark.skipif(torch.cuda.is_available(), reason='with a GPU mmengine logs its memory')
def test_memory_of_the_process_is_logged_without_a_gpu() -> None:
    peak = value(run([(1.0, 0.1)]), 'memory')
    assert 20 < peak < 1_000_000


def test_warns_once_when_data_takes_more_than_half() -> None:
    waiting = run([(1.0, 0.6)] * 12, window=4)
    assert len(waiting.logger.warnings) == 1
    assert '60%' in waiting.logger.warnings[0]
    assert 'num_workers' in waiting.logger.warnings[0]


def test_is_silent_at_half_during_warm_up_and_before_a_full_window() -> None:
    assert run([(1.0, 0.5)] * 12, window=4).logger.warnings == []
    assert run([(1.0, 0.9)] * 4, window=4, warmup=4).logger.warnings == []
    assert run([(1.0, 0.9)] * 5, window=4, warmup=2).logger.warnings == []
