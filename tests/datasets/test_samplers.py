"""EpochSampler keeps DefaultSampler's order, announces epochs, and can start in mid-epoch."""

import pytest
from mmengine.dataset import DefaultSampler
from torch.utils.data import ConcatDataset, Subset

from mmvideomae.datasets import EpochSampler
from mmvideomae.registry import DATA_SAMPLERS


class Recorder:
    """A data set that remembers the epochs announced."""

    def __init__(self, length=10):
        self.length = length
        self.epochs = []

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return index

    def set_epoch(self, seed, epoch):
        self.epochs.append((seed, epoch))


def test_the_order_is_that_of_the_parent():
    dataset = Recorder()
    ours, theirs = EpochSampler(dataset, seed=3), DefaultSampler(dataset, seed=3)
    orders = []
    for epoch in (0, 1, 2):
        ours.set_epoch(epoch)
        theirs.set_epoch(epoch)
        orders.append(list(ours))
        assert orders[-1] == list(theirs)
    assert len({tuple(order) for order in orders}) == 3


def test_the_epoch_is_announced_when_set_and_when_iteration_begins():
    dataset = Recorder()
    sampler = EpochSampler(dataset, seed=3)
    assert dataset.epochs == [(3, 0)]
    sampler.set_epoch(7)
    assert dataset.epochs[-1] == (3, 7)
    dataset.epochs.clear()
    iter(sampler)
    assert dataset.epochs == [(3, 7)]


def test_a_start_holds_for_one_iteration():
    sampler = EpochSampler(Recorder(), seed=3)
    whole = list(sampler)
    sampler.set_start(4)
    assert len(sampler) == 10
    assert list(sampler) == whole[4:]
    assert list(sampler) == whole
    sampler.set_start(10)
    assert list(sampler) == []


@pytest.mark.parametrize('start', [-1, 11])
def test_a_start_outside_the_epoch_is_refused(start):
    with pytest.raises(ValueError, match=f'cannot start at sample {start} of an epoch of 10'):
        EpochSampler(Recorder(), seed=3).set_start(start)


@pytest.mark.parametrize('round_up', [True, False])
def test_processes_share_the_epoch(monkeypatch, round_up):
    dataset = Recorder(7)
    parts = []
    for rank in range(3):
        monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda rank=rank: (rank, 3))
        parts.append(list(EpochSampler(dataset, seed=3, round_up=round_up)))
    assert set().union(*parts) == set(range(7))
    assert [len(part) for part in parts] == ([3, 3, 3] if round_up else [3, 2, 2])


def test_datasets_inside_wrappers_are_told():
    first, second = Recorder(), Recorder()
    wrapped = Subset(ConcatDataset([first, second]), range(15))
    EpochSampler(wrapped, seed=3).set_epoch(2)
    assert first.epochs[-1] == second.epochs[-1] == (3, 2)


def test_datasets_that_know_no_epochs_are_refused():
    with pytest.raises(TypeError, match=r'list has none\. Use DefaultSampler'):
        EpochSampler([1, 2, 3], seed=3)


def test_it_is_built_by_name():
    built = DATA_SAMPLERS.build(
        {'type': 'EpochSampler', 'shuffle': False}, default_args={'dataset': Recorder(), 'seed': 1}
    )
    assert list(built) == list(range(10))


@pytest.mark.parametrize(
    ('videos', 'update', 'epochs', 'updates'),
    [
        (1_238_791, 1024, 100, 120_900),  # HowTo100M
        (168_913, 128, 22, 29_018),  # Something-Something V2
        (15_027, 128, 50, 5_850),  # Diving48
        (9_537, 128, 50, 3_700),  # UCF101, split 1
        (3_570, 128, 50, 1_350),  # HMDB51, split 1
        (205_385, 128, 30, 48_120),  # a Kinetics-400
    ],
)
def test_updates_are_those_of_vimpac(monkeypatch, videos, update, epochs, updates):
    """Its Table 4, on 8 processes that accumulate 4 batches each."""
    world, accumulated = 8, 4
    monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda: (3, world))
    share = update // world
    sampler = EpochSampler(Recorder(videos), seed=3, round_to=share)
    batches = len(sampler) // (share // accumulated)
    assert batches % accumulated == 0
    assert batches // accumulated * epochs == updates


def test_whole_updates_leave_out_the_last_samples_of_each_order(monkeypatch):
    dataset, parts = Recorder(23), []
    whole = list(EpochSampler(dataset, seed=3))
    for rank in range(2):
        monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda rank=rank: (rank, 2))
        sampler = EpochSampler(dataset, seed=3, round_to=5)
        parts.append(list(sampler))
        assert len(sampler) == len(parts[-1]) == 10
    assert [each for pair in zip(*parts, strict=True) for each in pair] == whole[:20]
    few = EpochSampler(Recorder(7), seed=3, round_to=5)
    assert len(few) == len(list(few)) == 4  # of two processes; too few to leave any out


def test_an_update_of_one_sample_per_process_is_whole_too(monkeypatch):
    monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda: (3, 4))
    assert len(EpochSampler(Recorder(14), seed=3, round_to=1)) == 3  # 12 samples
    assert len(EpochSampler(Recorder(14), seed=3)) == 4  # the last samples are repeated


@pytest.mark.parametrize('number', [0, 'update', 2.5])
def test_whole_updates_are_a_number(number):
    with pytest.raises(ValueError, match='round_to must be a positive number of samples'):
        EpochSampler(Recorder(), seed=3, round_to=number)
