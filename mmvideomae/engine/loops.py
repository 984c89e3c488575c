"""A training loop that can be resumed in the middle of an epoch."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import torch
from mmengine.optim import BaseOptimWrapper, OptimWrapperDict
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmvideomae.engine.continuation import ResumeError
from mmvideomae.engine.last_checkpoint import choose_last
from mmvideomae.engine.worker_failures import naming_files
from mmvideomae.errors import UserError
from mmvideomae.registry import LOOPS


class TooFewSamplesError(UserError, ValueError):
    """There are not enough samples for a batch."""


@LOOPS.register_module()
class EpochTrainLoop(EpochBasedTrainLoop):
    """Epoch-based training that resumes at any iteration and passes the loss to hooks first.

    It differs from mmengine's loop in these ways:

    - A checkpoint made within an epoch continues with the next batch of that epoch.  The sampler
      skips the samples already seen (``sampler.set_start(number of samples)``) without decoding
      them.  A sampler without that method is advanced batch by batch.
    - Between forward and backward it calls the hook stage ``after_loss(runner, batch_idx,
      data_batch, loss)``, so that a hook can stop the run before a bad loss reaches the weights.
    - A data set smaller than a batch gives one smaller batch; ``drop_last`` would leave none.
    - A data-loader worker that dies or hangs ends the run with the name of its current file.
    - However the training ends, the hook stage ``after_training(runner)`` is called.

    Raises:
        TooFewSamplesError: There are no samples, or a built loader has no batch.
        ResumeError: On resuming, if the checkpoint's iteration is not in its epoch because the
            number of iterations per epoch has changed.
    """

    # Set by the parent.
    dataloader: DataLoader

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict[str, Any],
        max_epochs: int,
        val_begin: int = 1,
        val_interval: int = 1,
        dynamic_intervals: list[tuple[int, int]] | None = None,
    ) -> None:
        super().__init__(runner, dataloader, max_epochs, val_begin, val_interval, dynamic_intervals)
        if not len(self.dataloader):
            self.dataloader = self._with_short_batch(dataloader)
            self._max_iters = self._max_epochs * len(self.dataloader)
        # Runners build their loop before they look for a checkpoint to resume.
        choose_last(runner)

    def _with_short_batch(self, dataloader: DataLoader | dict[str, Any]) -> DataLoader:
        """The loader of a data set with fewer clips than a batch, which makes one batch of them."""
        samples, batch_size = len(self.dataloader.sampler), self.dataloader.batch_size
        told = f'{samples} training samples are fewer than a batch of {batch_size}'
        if not samples or isinstance(dataloader, DataLoader):
            raise TooFewSamplesError(f'{told}: lower train_dataloader.batch_size, or add data')
        self.runner.logger.warning(
            f'{told} per process: every epoch is one batch of {samples}, as with '
            'train_dataloader.drop_last=False.'
        )
        # As in mmengine's BaseLoop.
        other_seeds = self.runner._randomness_cfg.get('diff_rank_seed', False)
        dataloader = {**dataloader, 'drop_last': False}
        return self.runner.build_dataloader(dataloader, self.runner.seed, other_seeds)

    def run(self) -> nn.Module:
        """Train from the current epoch and iteration to the end."""
        if self._iter >= self._max_iters:
            self.runner.logger.info(
                f'Nothing is left to train: all {self._max_epochs} epochs of the config are done. '
                'Increase train_cfg.max_epochs to continue.'
            )
        elif self._iter > 0:
            self.runner.logger.info(
                f'Resumed: iteration {self._iter} of {self._max_iters} is done, continuing in '
                f'epoch {self._epoch + 1} of {self._max_epochs} after {self._epoch_offset()} of '
                f'its {len(self.dataloader)} iterations.'
            )
        try:
            with naming_files(self.runner):
                return super().run()
        finally:
            self._end_workers()
            self.runner.call_hook('after_training')

    def run_epoch(self) -> None:
        """Run the current epoch, or the rest of it."""
        start = self._epoch_offset()
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        for idx, data_batch in enumerate(self._batches(start), start=start):
            self.run_iter(idx, data_batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Train on one batch; ``idx`` counts from the epoch's start, resumed or not."""
        runner = self.runner
        runner.call_hook('before_train_iter', batch_idx=idx, data_batch=data_batch)
        optim_wrapper = runner.optim_wrapper
        if not isinstance(optim_wrapper, OptimWrapperDict):
            on_loss = partial(runner.call_hook, 'after_loss', batch_idx=idx, data_batch=data_batch)
            optim_wrapper = _LossTap(optim_wrapper, on_loss)
        outputs = runner.model.train_step(data_batch, optim_wrapper=optim_wrapper)
        runner.call_hook('after_train_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs)
        self._iter += 1

    def _epoch_offset(self) -> int:
        """Iterations of the current epoch that are already done."""
        length = len(self.dataloader)
        offset = self._iter - self._epoch * length
        if not 0 <= offset <= length:
            raise ResumeError(
                f'the checkpoint is at iteration {self._iter} in epoch {self._epoch + 1}, but an '
                f'epoch now has {length} iterations. Batch size, number of devices and data must '
                'be those of the interrupted run; to start anew from its weights, use '
                'load_from=CHECKPOINT instead of --resume.'
            )
        return offset

    def _batches(self, start: int) -> Iterator[Any]:
        """Batches of the epoch from batch ``start`` on."""
        batch_sampler = self.dataloader.batch_sampler
        sampler: Any = getattr(batch_sampler, 'sampler', None)
        if hasattr(sampler, 'set_start'):
            # The last batch of an epoch may be short.
            sampler.set_start(min(start * batch_sampler.batch_size, len(sampler)))
            yield from self.dataloader
            return
        batches = iter(self.dataloader)
        if start:
            self.runner.logger.warning(
                f'{type(sampler).__name__} cannot skip samples (no set_start): loading and '
                f'dropping {start} batches. EpochSampler would skip them without reading videos.'
            )
        for _ in range(start):
            next(batches)
        yield from batches

    def _end_workers(self) -> None:
        """End persistent data-loading workers.

        If the garbage collector ended them, in a cycle with the runner, each would take the 5
        seconds after which torch gives up waiting for it.
        """
        iterator: Any = getattr(self.dataloader, '_iterator', None)
        if hasattr(iterator, '_shutdown_workers'):
            iterator._shutdown_workers()
            self.dataloader._iterator = None


class _LossTap:
    """An optimizer wrapper that reports the loss before it is propagated.

    A model's ``train_step`` computes the loss and passes it to ``update_params``; this is the only
    place between the two that all model wrappers (plain, DDP, FSDP) share.
    """

    def __init__(self, optim_wrapper: BaseOptimWrapper, on_loss: Callable[..., None]) -> None:
        self._optim_wrapper = optim_wrapper
        self._on_loss = on_loss

    @property
    def update_params(self) -> Callable[..., None]:
        """Report the loss, then pass it to the optimizer wrapper.

        With torch.compile, the graph ends with the loss; hooks and optimizer stay outside.
        """
        return torch.compiler.disable(self._update_params)

    def _update_params(
        self,
        loss: Tensor,
        step_kwargs: dict[str, Any] | None = None,
        zero_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self._on_loss(loss=loss)
        if step_kwargs is None and zero_kwargs is None:
            self._optim_wrapper.update_params(loss)
        else:
            self._optim_wrapper.update_params(loss, step_kwargs, zero_kwargs)

    def optim_context(self, model: nn.Module) -> AbstractContextManager[None]:
        """Context of the forward pass: autocast, and no gradient exchange while accumulating."""
        return self._optim_wrapper.optim_context(model)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._optim_wrapper, name)
