"""Checkpoints that survive a kill at any time and allow an exact continuation."""

import inspect
import os.path as osp
import re
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from mmvideomae.configs import ConfigError
from mmvideomae.engine.checkpoint_folder import CheckpointFolder
from mmvideomae.engine.continuation import (
    ResumeError,
    describe,
    drop_unused_scaler,
    fit_position,
    follow_schedule,
    use_trained_weights,
)
from mmvideomae.engine.finite_weights import refuse_nonfinite_weights
from mmvideomae.engine.hooks.batch import at_update
from mmvideomae.engine.last_checkpoint import choose_last
from mmvideomae.errors import nearest
from mmvideomae.registry import HOOKS

# Older checkpoints that this one replaces, in case the run is killed before it has deleted
# them.
_OUTDATED = 'outdated_ckpts'
_KEPT = 'keep_ckpt_ids'  # mmengine's
_INTERRUPTED = 'interrupted.pth'


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's checkpoint hook, safe against being killed while it writes.

    - A checkpoint is written to a hidden temporary file in the same folder, flushed to the disk
      and renamed; so is ``last_checkpoint``.  Leftovers of killed runs are deleted at the start.
    - Old checkpoints are deleted only after the new one is complete; the new one names them, so
      a resumed run deletes them if the interrupted one could not.
    - Only one run at a time uses the folder.  Files of another folder are never deleted: a copy
      of a work directory, or a run that was resumed into a new one, keeps its own checkpoints.
    - With gradient accumulation, a checkpoint that is due between two updates waits for the
      next update, since accumulated gradients are not saved.
    - Weights that are not finite are refused, so the last good checkpoint remains the last.
    - Everything that an exact continuation depends on is saved, and compared when resuming;
      learning rates follow the schedule of the config (`mmvideomae.engine.continuation`).

    Its arguments are those of `mmengine.hooks.CheckpointHook`.  ``by_epoch=False`` saves within
    epochs, also with `EpochTrainLoop`.

    Raises:
        LockedError: At the start, if another run is writing to the folder.
        NonFiniteWeightsError: When saving, if a parameter is not finite.
        CheckpointWriteError: When saving, if the disk is full, a quota is used up or the like.
        ResumeError: When resuming, if the config is not compatible with the run.
        ConfigError: Before the run, if an argument is unknown.
    """

    _waiting = False  # whether a checkpoint that is due waits for an update
    # Epoch and iteration of the checkpoint being written.
    _position: Mapping[str, int] = MappingProxyType({})
    # `describe` of this run, which does not change.
    _description: Mapping[str, Any] = MappingProxyType({})
    _folder: CheckpointFolder  # set when training starts
    # Set by the parent.
    best_ckpt_path: str | None
    best_ckpt_path_dict: dict[str, str | None]
    last_ckpt: str | None

    def before_run(self, runner: Runner) -> None:
        """Find the checkpoint to continue from, if the runner has to look for it."""
        if self.args:  # the parent would pass them to the saving function, an epoch later
            known = inspect.signature(CheckpointHook.__init__).parameters
            name = next(iter(self.args))
            raise ConfigError(f'default_hooks.checkpoint has no {name!r}{nearest(name, known)}')
        choose_last(runner)

    def before_train(self, runner: Runner) -> None:
        """Lock the folder for this run and delete leftovers of a killed run."""
        hub = runner.message_hub
        kept, outdated = (list(hub.runtime_info.get(key, [])) for key in (_KEPT, _OUTDATED))
        hub.update_info(_KEPT, [])  # the parent would delete surplus ones
        super().before_train(runner)
        self._folder = CheckpointFolder(self.out_dir, self.file_backend, runner.work_dir)
        for leftover in self._folder.hold():
            runner.logger.info(f'Removed the unfinished file {leftover} of a killed run.')
        self._rebase_best()
        source = self._resumed_here(runner)
        outdated = [name for name in outdated if source and self._is_own_name(name)]
        if source is not None:
            self.last_ckpt = source
            outdated += self._restore_kept(kept)
        passing = [_INTERRUPTED] if source and osp.basename(source) == _INTERRUPTED else []
        hub.update_info_dict({_KEPT: list(getattr(self, _KEPT, [])), _OUTDATED: passing})
        self._folder.delete(outdated)

    def after_run(self, runner: Runner) -> None:
        """Release the folder."""
        self.after_training(runner)

    def after_training(self, runner: Runner) -> None:
        """Release the folder, also after an error (`EpochTrainLoop`)."""
        if hasattr(self, '_folder'):
            self._folder.release()

    def _resumed_here(self, runner: Runner) -> str | None:
        """The checkpoint to resume, if it is in the output folder."""
        source = runner._resume if isinstance(runner._resume, str) else runner._load_from
        resumed = runner._resume and source is not None
        return source if resumed and self._folder.contains(source) else None

    def _restore_kept(self, kept: list[Any]) -> list[str]:
        """Restore the numbers of the checkpoints to keep; return the names of surplus ones."""
        if self.max_keep_ckpts <= 0:
            return []
        numbers = [number for number in kept if isinstance(number, int)]
        self.keep_ckpt_ids = deque(numbers, self.max_keep_ckpts)
        return [self.filename_tmpl.format(n) for n in numbers if n not in self.keep_ckpt_ids]

    def _is_own_name(self, name: Any) -> bool:
        """Whether a run uses such a name; a checkpoint from elsewhere may name any file."""
        number = re.escape(self.filename_tmpl).replace(r'\{\}', r'\d+')
        return isinstance(name, str) and bool(re.fullmatch(rf'(best_[^/]+_)?{number}', name))

    def _rebase_best(self) -> None:
        """Look for the best checkpoints in this run's folder, even if they were saved elsewhere."""
        if not self.save_best:
            return
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = self._folder.find(self.best_ckpt_path)
        else:
            found = {k: self._folder.find(p) for k, p in self.best_ckpt_path_dict.items()}
            self.best_ckpt_path_dict = found

    def after_train_epoch(self, runner: Runner) -> None:
        """Save at the end of an epoch, or after the next update."""
        if not self.by_epoch:
            return
        if self.every_n_epochs(runner, self.interval, self.save_begin) or (
            self.save_last and self.is_last_train_epoch(runner)
        ):
            if at_update(runner):
                self._save_checkpoint(runner)
            else:
                self._waiting = True

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Save after an iteration, or a checkpoint that was waiting for an update."""
        if not self.by_epoch:
            self._waiting |= self.every_n_train_iters(runner, self.interval, self.save_begin) or (
                self.save_last and self.is_last_train_iter(runner)
            )
        if not self._waiting or not at_update(runner):
            return
        self._waiting = False
        # A postponed end of epoch is saved within the next epoch, with the previous one's number.
        step = runner.epoch if self.by_epoch else runner.iter + 1
        meta = {'epoch': runner.epoch, 'iter': runner.iter + 1}
        self._save_checkpoint_with_step(runner, step, meta, inside_epoch=True)

    def save_to_continue(self, runner: Runner) -> str:
        """Save after an iteration that ends with an update, under a name that will not last."""
        path = self._folder.path(_INTERRUPTED)
        self._write(runner, _INTERRUPTED, {'epoch': runner.epoch, 'iter': runner.iter + 1}, True)
        self._folder.note(path)
        return path

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add the data that an exact continuation depends on."""
        # FlexibleRunner recomputes epoch and iteration, incorrectly after a validation.
        checkpoint['meta'].update(**self._described(runner), **self._position)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Refuse to resume an incompatible checkpoint, and advance the schedules."""
        if not runner._resume or 'meta' not in checkpoint:
            return
        if self.save_optimizer and 'optimizer' not in checkpoint:
            raise ResumeError(
                f'cannot resume: {runner._load_from} holds weights but no optimizer state, as the '
                'best checkpoints do. Resume another checkpoint of that run, or start anew from '
                'these weights with load_from=CHECKPOINT instead of --resume.'
            )
        # mmengine would run it as code.
        checkpoint['meta'].pop('config', None)
        fit_position(runner, checkpoint, self._described(runner))
        follow_schedule(runner, checkpoint)
        drop_unused_scaler(runner, checkpoint)
        use_trained_weights(runner, checkpoint)

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict[str, Any], inside_epoch: bool = False
    ) -> None:
        """Write the checkpoint, note it as the last, and only then delete old ones."""
        hub = runner.message_hub
        outdated = list(hub.runtime_info.get(_OUTDATED, []))
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                outdated.append(self.filename_tmpl.format(self.keep_ckpt_ids.popleft()))
            self.keep_ckpt_ids.append(step)
            hub.update_info(_KEPT, list(self.keep_ckpt_ids))
        hub.update_info(_OUTDATED, outdated)
        filename = self.filename_tmpl.format(step)
        self.last_ckpt = self._folder.path(filename)
        hub.update_info('last_ckpt', self.last_ckpt)
        self._write(
            runner, filename, meta, not self.by_epoch if inside_epoch is None else inside_epoch
        )
        self._folder.note(self.last_ckpt)
        self._folder.delete(outdated)
        hub.update_info(_OUTDATED, [])

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
        if at_update(runner):
            step = runner.epoch if self.by_epoch else runner.iter
            meta = {'epoch': runner.epoch, 'iter': runner.iter}
            self._save_checkpoint_with_step(runner, step, meta)
        else:
            self._waiting = True

    def _save_best_of(self, runner: Runner, key: str, rule: str, score: float | None) -> bool:
        """Save the best weights by one metric; return whether it has improved."""
        single = len(self.key_indicators) == 1
        score_key = 'best_score' if single else f'best_score_{key}'
        hub = runner.message_hub
        best = hub.get_info(score_key, self.init_value_map[rule])
        if score is None or not self.is_better_than[key](score, best):
            return False
        step = runner.epoch if self.by_epoch else runner.iter
        filename = f'best_{key}_{self.filename_tmpl.format(step)}'.replace('/', '_')
        path = self._folder.path(filename)
        former = self.best_ckpt_path if single else self.best_ckpt_path_dict[key]
        meta = {'epoch': runner.epoch, 'iter': runner.iter}
        self._write(runner, filename, meta, inside_epoch=True, weights_only=True)
        if single:
            self.best_ckpt_path = path
        else:
            self.best_ckpt_path_dict[key] = path
        hub.update_info(score_key, score)
        hub.update_info('best_ckpt' if single else f'best_ckpt_{key}', path)
        if former and former != path:
            if self.last_ckpt is None:
                self._folder.delete([osp.basename(former)])
            else:  # the next checkpoint names it, then it is deleted
                outdated = hub.runtime_info.get(_OUTDATED, [])
                hub.update_info(_OUTDATED, [*outdated, osp.basename(former)])
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
        """Let the runner write to a temporary name in all processes, then rename it."""
        refuse_nonfinite_weights(runner)
        self._position = dict(meta)
        with self._folder.writing(filename) as name:
            runner.save_checkpoint(
                self.out_dir,
                name,
                self.file_client_args,
                save_optimizer=self.save_optimizer and not weights_only,
                save_param_scheduler=self.save_param_scheduler and not weights_only,
                meta=meta,
                by_epoch=not inside_epoch,
                backend_args=self.backend_args,
                **self.args,
            )
        if self._folder.local and is_main_process():
            path = self._folder.path(filename)
            runner.logger.info(f'Saved {path} at iteration {meta["iter"]}.')

    def _described(self, runner: Runner) -> Mapping[str, Any]:
        """`describe` of this run, computed once."""
        if not self._description:
            self._description = describe(runner)
        return self._description
