"""Continue a run whose updates are divided into other batches: more processes, or fewer."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mmvideomae.errors import UserError


class ResumeError(UserError, ValueError):
    """A run cannot be continued under the settings of its config."""


class Grouping(NamedTuple):
    """How the samples of an update and of an epoch are divided.

    The names are those of `mmvideomae.engine.continuation.describe`.
    """

    batch_size: int
    number_of_processes: int
    accumulated_iterations: int
    iterations_per_epoch: int

    @property
    def iteration(self) -> int:
        """Samples of an iteration of all processes."""
        return self.batch_size * self.number_of_processes

    @property
    def update(self) -> int:
        """Samples of an update."""
        return self.iteration * self.accumulated_iterations

    @property
    def epoch(self) -> int:
        """Samples of an epoch."""
        return self.iteration * self.iterations_per_epoch

    def __str__(self) -> str:
        text = f'batch size {self.batch_size} x {self.number_of_processes} processes'
        accumulated = self.accumulated_iterations
        return text if accumulated == 1 else f'{text} x {accumulated} accumulated iterations'


def regroup(meta: dict[str, Any], now: Mapping[str, Any]) -> bool:
    """Restate the position of a checkpoint, in place, in iterations of the run that continues it.

    The samples of update ``u`` are those from ``u * G`` to ``(u + 1) * G`` of the order that
    `EpochSampler` draws, whatever the number of processes and accumulated iterations, as long as
    their product with the batch size, ``G``, stays.

    Args:
        meta: Of the checkpoint; what it does not say is taken to be as it is now.
        now: `mmvideomae.engine.continuation.describe` of the run that continues.

    Returns:
        Whether anything changed.

    Raises:
        ResumeError: An update or an epoch would have other samples.
    """
    after = Grouping(**{key: now[key] for key in Grouping._fields})
    before = Grouping(**{key: meta.get(key) or now[key] for key in Grouping._fields})
    if before == after:
        return False
    if before.update != after.update:
        raise ResumeError(
            f'cannot resume: an update had {before.update} samples ({before}) and now has '
            f'{after.update} ({after}). {_what_fits(before.update, after)}, or start anew from '
            'its weights with load_from=CHECKPOINT instead of --resume.'
        )
    if before.epoch != after.epoch:
        raise ResumeError(
            f'cannot resume: an epoch had {before.epoch} samples ({before}) and now has '
            f'{after.epoch} ({after}). Epochs that end with an update are of equal length '
            "(train_dataloader.sampler.round_to='update', the default with drop_last=True); for "
            "this checkpoint use the interrupted run's batch size, processes and accumulation."
        )
    for key in ('iter', 'max_iters'):
        if key in meta:
            meta[key] = meta[key] * before.iteration // after.iteration
    meta.update(after._asdict())
    return True


def _what_fits(samples: int, now: Grouping) -> str:
    """The settings under which an update has so many samples."""
    processes = now.number_of_processes
    share = samples // processes
    if share * processes != samples:
        counts = [str(count) for count in range(1, samples + 1) if samples % count == 0]
        return f'{processes} processes do not divide {samples}: use {", ".join(counts)}'
    accumulated = now.accumulated_iterations
    if share % accumulated:
        accumulated = share // now.batch_size if share % now.batch_size == 0 else 1
    return (
        f'On {processes} processes use train_dataloader.batch_size={share // accumulated} and '
        f'optim_wrapper.accumulative_counts={accumulated}'
    )
