"""A sampler that makes samples depend on (seed, epoch, index) and can start within an epoch."""

from collections.abc import Iterator
from itertools import islice
from typing import Protocol, runtime_checkable

from mmengine.dataset import DefaultSampler

from mmvideomae.registry import DATA_SAMPLERS


@runtime_checkable
class EpochAware(Protocol):
    """A dataset whose samples are a function of (seed, epoch, index)."""

    def __len__(self) -> int:
        """Number of samples."""

    def set_epoch(self, seed: int, epoch: int) -> None:
        """Set the epoch that is about to be read."""


@DATA_SAMPLERS.register_module()
class EpochSampler(DefaultSampler):
    """mmengine's `DefaultSampler`, which also sets the seed and the epoch of the data set.

    The order, the padding by ``round_up`` and the split over processes are the parent's.
    The data set (also inside wrappers with an attribute ``dataset`` or ``datasets``) gets
    (seed, epoch) when the epoch is set and when iteration begins, through memory that it
    shares with its workers; so a sample is the same for any number of workers and
    processes, and after a resume.

    Args:
        dataset: The data set, or a wrapper of one.
        shuffle: Whether to draw a new order for each epoch.
        seed: The same in all processes; None lets all processes agree on one.
        round_up: Whether to repeat the last samples until all processes have the same number.
        round_to: Drop the last samples of an epoch, so that each process has a multiple of this
            number, such as batch size times accumulated iterations for complete updates
            (VIMPAC), with which tools replace 'update'; None drops none.  A smaller data set is
            used completely.

    Raises:
        TypeError: The dataset has no ``set_epoch(seed, epoch)``.
        ValueError: ``round_to`` is not a positive number.
    """

    def __init__(
        self,
        dataset: EpochAware,
        shuffle: bool = True,
        seed: int | None = None,
        round_up: bool = True,
        round_to: int | None = None,
    ) -> None:
        super().__init__(dataset, shuffle=shuffle, seed=seed, round_up=round_up)
        if round_to is not None:
            if not isinstance(round_to, int) or round_to < 1:
                raise ValueError(f'round_to must be a positive number of samples, got {round_to!r}')
            # Also one sample: its update has one from each process.
            whole = len(dataset) // (round_to * self.world_size) * round_to
            if whole:
                self.num_samples, self.total_size = whole, whole * self.world_size
        self._targets = list(_epoch_aware(dataset))
        self._start = 0
        self._announce()

    def __iter__(self) -> Iterator[int]:
        """Indices of this process; the first ``set_start`` of them left out, once."""
        self._announce()
        start, self._start = self._start, 0
        return islice(super().__iter__(), start, None)

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next iteration and tell the dataset."""
        super().set_epoch(epoch)
        self._announce()

    def set_start(self, samples: int) -> None:
        """Begin the next iteration, and only that one, behind the first ``samples`` indices.

        Args:
            samples: Samples of this process that were consumed before the interruption:
                iterations done in this epoch times the batch size of one process. They
                are skipped without being read. ``len`` stays that of the whole epoch.

        Raises:
            ValueError: ``samples`` lies outside 0..len.
        """
        if not 0 <= samples <= len(self):
            raise ValueError(f'cannot start at sample {samples} of an epoch of {len(self)}')
        self._start = samples

    def _announce(self) -> None:
        for dataset in self._targets:
            dataset.set_epoch(self.seed, self.epoch)


def _epoch_aware(dataset: object) -> Iterator[EpochAware]:
    """The data sets inside ``dataset`` and its wrappers, which must all support epochs."""
    if isinstance(dataset, EpochAware):
        yield dataset
        return
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    for part in inner:
        if part is None:
            raise TypeError(
                f'EpochSampler needs a dataset with set_epoch(seed, epoch), such as '
                f'VideoListDataset; {type(dataset).__name__} has none. Use DefaultSampler for it'
            )
        yield from _epoch_aware(part)
