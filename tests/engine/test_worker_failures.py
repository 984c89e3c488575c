"""Contract: if a data loader worker dies or hangs, its file is named."""

import os
import signal
import time
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.runner import BaseLoop
from torch.utils.data import DataLoader, Dataset

from mmvideomae.datasets.seeded_dataset import SeededDataset
from mmvideomae.engine.worker_failures import WorkerError, explain, naming_files


def _fail(record: dict[str, Any]) -> dict[str, Any]:
    how = record['filename'].partition('.')[0]
    if how == 'dies':
        os.kill(os.getpid(), signal.SIGKILL)
    if how == 'hangs':
        time.sleep(600)
    return record


class Files(SeededDataset):
    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__([_fail], False, 'replace', max_refetch=5)

    def load_data_list(self) -> list[dict[str, Any]]:
        return [{'filename': name} for name in self.names]


class Wrapped(Dataset):
    def __init__(self, *datasets: Files) -> None:
        self.datasets = datasets

    def __len__(self) -> int:
        return sum(map(len, self.datasets))

    def __getitem__(self, index: int) -> dict[str, Any]:
        first, second = self.datasets
        return first[index] if index < len(first) else second[index - len(first)]


class Loop(BaseLoop):
    def run(self) -> None:
        for _ in self.dataloader:
            pass


def run(*names: str, **settings: Any) -> None:
    data = Wrapped(Files(['sound.mp4', names[0]]), Files(list(names[1:]) or ['sound.mp4']))
    loader = DataLoader(data, batch_size=1, num_workers=1, collate_fn=list, **settings)
    loop = Loop(SimpleNamespace(), loader)
    runner: Any = SimpleNamespace(_train_loop=loop, _val_loop=None, _test_loop={'type': 'x'})
    with naming_files(runner), naming_files(runner):
        loop.run()


@pytest.mark.parametrize('names', [['dies.mp4'], ['sound.mp4', 'dies.mp4']])
def test_a_death(names: list[str]) -> None:
    with pytest.raises(
        WorkerError, match=r'^DataLoader worker .*, while it read dies\.mp4\. Move'
    ) as caught:
        run(*names)
    assert '\n' not in str(caught.value)
    assert str(caught.value).count('dies.mp4') == 1


def test_a_hang() -> None:
    with pytest.raises(WorkerError, match=r'waited 1.* hangs\.mp4 \(for \d+ s\)') as caught:
        run('hangs.mp4', timeout=1)
    assert '\n' not in str(caught.value)


def test_no_failure_and_other_failures_are_left_alone() -> None:
    run('sound.mp4')
    runner: Any = SimpleNamespace(_train_loop=None, _val_loop=None, _test_loop=None)
    with pytest.raises(RuntimeError, match=r'^another$'), naming_files(runner):
        raise RuntimeError('another')
    assert explain('DataLoader timed out after 60 seconds', []) is not None
    told = explain('DataLoader worker (pid(s) 4, 5) exited unexpectedly', [])
    assert told is not None
    assert 'between two samples' in told
    assert torch.utils.data.get_worker_info() is None
