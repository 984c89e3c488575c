"""Checkpoints that survive a kill at any time and continue exactly."""

import os.path as osp
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from mmengine.dist import all_reduce, barrier, is_main_process
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmvideomae.registry import HOOKS
from mmvideomae.storage import publish, remove, remove_leftovers, replacing, temporary_path

# All processes of a run write one checkpoint together, so its temporary name is one, too.
_WRITERS = 'training'


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's checkpoint hook, safe against being killed while it writes.

    - A checkpoint is written to a hidden temporary file in the same folder, flushed to the disk
      and renamed; so is ``last_checkpoint``.  Leftovers of killed runs are deleted at the start.
    - Old checkpoints are deleted after the new one is complete, not before.
    - With gradient accumulation a checkpoint that falls due between two updates waits for the
      next update, since accumulated gradients are not saved.
    - Weights that are not finite are refused, so that the last good checkpoint stays the last.
    - The number of iterations per epoch and of processes is saved, and checked when resuming.

    Takes the arguments of `mmengine.hooks.CheckpointHook`.  ``by_epoch=False`` saves inside
    epochs, also under `EpochTrainLoop`.

    Raises:
        RuntimeError: When saving, if a parameter is not finite.
        ValueError: When resuming, if the epoch's length or the number of processes has changed.
    """

    # Whether a checkpoint is due that waits for an update.
    _waiting = False
    # Epoch and iteration of the checkpoint being written.
    _position: Mapping[str, int] = MappingProxyType({})
    # Set by the parent.
    best_ckpt_path: str | None

    def before_train(self, runner: Runner) -> None:
        """Find the folder and clear what a killed run left there."""
        super().before_train(runner)
        if is_main_process() and self._is_local():
            for leftover in {
                *remove_leftovers(Path(self.out_dir)),
                *remove_leftovers(_work(runner)),
            }:
                runner.logger.info(f'Removed the unfinished file {leftover} of a killed run.')

    def after_train_epoch(self, runner: Runner) -> None:
        """Save at the end of an epoch, or remember to."""
        if not self.by_epoch:
            return
        if self.every_n_epochs(runner, self.interval, self.save_begin) or (
            self.save_last and self.is_last_train_epoch(runner)
        ):
            if _at_update(runner):
                self._save_checkpoint(runner)
            else:
                self._waiting = True

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Save after an iteration, or what waited for an update."""
        if not self.by_epoch:
            self._waiting |= self.every_n_train_iters(runner, self.interval, self.save_begin) or (
                self.save_last and self.is_last_train_iter(runner)
            )
        if not self._waiting or not _at_update(runner):
            return
        self._waiting = False
        # A waiting end of epoch is saved inside the next epoch, under the number of the former.
        step = runner.epoch if self.by_epoch else runner.iter + 1
        meta = {'epoch': runner.epoch, 'iter': runner.iter + 1}
        self._save_checkpoint_with_step(runner, step, meta, inside_epoch=True)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add what an exact continuation depends on."""
        # FlexibleRunner computes epoch and iteration anew, wrongly after a validation.
        checkpoint['meta'].update(**self._position, **_shape_of_run(runner))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Refuse to resume where the same iteration number would mean other data."""
        meta = checkpoint.get('meta', {})
        if not runner._resume or 'iterations_per_epoch' not in meta:
            return
        for key, value in _shape_of_run(runner).items():
            if meta[key] != value:
                raise ValueError(
                    f'cannot resume: {key.replace("_", " ")} was {meta[key]} and is now {value}. '
                    'Use the batch size, number of processes and data of the interrupted run, or '
                    'start anew from its weights with load_from=CHECKPOINT.'
                )

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict[str, Any], inside_epoch: bool | None = None
    ) -> None:
        """Write the checkpoint, point to it, and only then delete what is too old."""
        outdated = []
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                outdated.append(self.filename_tmpl.format(self.keep_ckpt_ids.popleft()))
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        filename = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, filename)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        if inside_epoch is None:
            inside_epoch = not self.by_epoch
        self._write(runner, filename, meta, inside_epoch)
        if is_main_process():
            with replacing(_work(runner) / 'last_checkpoint') as temporary:
                temporary.write_text(self.last_ckpt)
            for name in outdated:
                self._delete(self.file_backend.join_path(self.out_dir, name))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Save the weights if a monitored metric has improved."""
        if not self.save_best:
            return
        if 'auto' in self.key_indicators:
            self._init_rule(self.rules, [next(iter(metrics))])
        improved = [
            self._save_best_of(runner, key, rule, metrics[key])
            for key, rule in zip(self.key_indicators, self.rules, strict=True)
        ]
        if not any(improved) or self.last_ckpt is None:
            return
        # Once more, so that a resumed run knows the best score and its file.
        if _at_update(runner):
            step = runner.epoch if self.by_epoch else runner.iter
            meta = {'epoch': runner.epoch, 'iter': runner.iter}
            self._save_checkpoint_with_step(runner, step, meta)
        else:
            self._waiting = True

    def _save_best_of(self, runner: Runner, key: str, rule: str, score: float | None) -> bool:
        """Save the best weights by one metric; whether it has improved."""
        single = len(self.key_indicators) == 1
        score_key = 'best_score' if single else f'best_score_{key}'
        hub = runner.message_hub
        best = hub.get_info(score_key, self.init_value_map[rule])
        if score is None or not self.is_better_than[key](score, best):
            return False
        step = runner.epoch if self.by_epoch else runner.iter
        filename = f'best_{key}_{self.filename_tmpl.format(step)}'.replace('/', '_')
        path = self.file_backend.join_path(self.out_dir, filename)
        former = self.best_ckpt_path if single else self.best_ckpt_path_dict[key]
        meta = {'epoch': runner.epoch, 'iter': runner.iter}
        self._write(runner, filename, meta, inside_epoch=True, weights_only=True)
        if single:
            self.best_ckpt_path = path
        else:
            self.best_ckpt_path_dict[key] = path
        hub.update_info(score_key, score)
        hub.update_info('best_ckpt' if single else f'best_ckpt_{key}', path)
        if former and former != path and is_main_process():
            self._delete(former)
        runner.logger.info(f'Best {key} so far: {score:0.4f}, saved to {filename}.')
        return True

    def _write(
        self,
        runner: Runner,
        filename: str,
        meta: dict[str, Any],
        inside_epoch: bool,
        weights_only: bool = False,
    ) -> None:
        """Let the runner write to a temporary name in all processes, then rename."""
        _refuse_nonfinite_weights(runner)
        self._position = dict(meta)
        path = Path(self.out_dir) / filename
        local = self._is_local()
        runner.save_checkpoint(
            self.out_dir,
            temporary_path(path, _WRITERS).name if local else filename,
            self.file_client_args,
            save_optimizer=self.save_optimizer and not weights_only,
            save_param_scheduler=self.save_param_scheduler and not weights_only,
            meta=meta,
            by_epoch=not inside_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        # Sharded training writes a folder with one file per process.
        barrier()
        if local and is_main_process():
            publish(temporary_path(path, _WRITERS), path)
            runner.logger.info(f'Saved {path} at iteration {meta["iter"]}.')

    def _delete(self, path: str) -> None:
        if self._is_local():
            remove(Path(path))
        elif self.file_backend.isfile(path):
            self.file_backend.remove(path)

    def _is_local(self) -> bool:
        """Whether checkpoints go to a file system; object stores write whole objects anyway."""
        return isinstance(self.file_backend, LocalBackend)


def _work(runner: Runner) -> Path:
    return Path(osp.abspath(runner.work_dir))


def _at_update(runner: Runner) -> bool:
    """Whether the last iteration ended with an update, so that no gradient is pending."""
    should_update = getattr(runner.optim_wrapper, 'should_update', None)
    return should_update is None or should_update()


def _shape_of_run(runner: Runner) -> dict[str, int]:
    """What an iteration's number depends on to mean the same samples."""
    return {
        'iterations_per_epoch': len(runner.train_dataloader),
        'number_of_processes': runner.world_size,
    }


def _refuse_nonfinite_weights(runner: Runner) -> None:
    """Raise in every process if any process has a parameter that is not finite."""
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    finite = {name: torch.isfinite(p).all() for name, p in model.named_parameters()}
    if not finite:
        return
    bad = (~torch.stack(list(finite.values()))).any().float()
    all_reduce(bad, 'max')
    if bad.item():
        names = [name for name, value in finite.items() if not value]
        raise RuntimeError(
            f'no checkpoint written in iteration {runner.iter + 1}: {len(names)} parameters of '
            f'this process are not finite, first {names[:3]}. The last checkpoint is sound.'
        )
