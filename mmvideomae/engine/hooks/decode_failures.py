"""Count and report the videos that could not be decoded."""

from collections import Counter
from pathlib import Path
from typing import Any

from mmengine.dist import all_gather_object, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmvideomae.engine.hooks.batch import sample_metainfo
from mmvideomae.errors import UserError, printable
from mmvideomae.registry import HOOKS
from mmvideomae.storage import read_text, write_text


class TooManyDecodeFailuresError(UserError, RuntimeError):
    """More of the data set is broken than the run may replace."""


@HOOKS.register_module()
class DecodeFailureHook(Hook):
    """Report after every epoch which videos could not be decoded and were replaced.

    Data sets attach ``decode_failures = [(path, reason), ...]`` to the sample that replaces the
    broken one.  The hook counts them per file over all processes and epochs, logs a summary
    and writes the whole list to ``decode_failures.txt`` in the work directory (tab-separated:
    path, failures, reason).  A resumed run reads that list and continues counting.

    Args:
        max_bad_fraction: Share of the data set's files that may be broken, in [0, 1].
        max_listed: The most files to name in the log; all are in the list.

    Raises:
        ValueError: ``max_bad_fraction`` is outside [0, 1].
        TooManyDecodeFailuresError: More distinct files than that have failed; raised at the end
            of an epoch in all processes.
    """

    priority = 'LOW'

    def __init__(self, max_bad_fraction: float = 0.5, max_listed: int = 10) -> None:
        if not 0.0 <= max_bad_fraction <= 1.0:
            raise ValueError(f'max_bad_fraction must lie in [0, 1], got {max_bad_fraction}')
        self.max_bad_fraction = max_bad_fraction
        self.max_listed = max_listed
        self.counts: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}
        self._epoch: list[tuple[str, str]] = []

    def before_train(self, runner: Runner) -> None:
        """Continue the list of an interrupted run."""
        path = self._list_path(runner)
        if runner.iter > 0 and path.is_file():
            for line in read_text(path).splitlines():
                name, count, reason = line.rsplit('\t', 2)
                self.counts[name] = int(count)
                self.reasons[name] = reason

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Record the failures in this process's batch."""
        for metainfo in sample_metainfo(data_batch):
            self._epoch.extend((str(p), str(r)) for p, r in metainfo.get('decode_failures') or ())

    def after_train_epoch(self, runner: Runner) -> None:
        """Merge all processes' failures, report them, and stop if there are too many."""
        failures = [item for part in all_gather_object(self._epoch) for item in part]
        self._epoch = []
        if failures:
            self._count(failures)
            self._report(runner, failures)
        total = len(runner.train_dataloader.dataset)
        if len(self.counts) > self.max_bad_fraction * total:
            raise TooManyDecodeFailuresError(
                f'{len(self.counts)} of {total} files could not be decoded, more than '
                f'max_bad_fraction={self.max_bad_fraction} allows; first: '
                f'{self._listing(list(self.counts))}. {self._list_path(runner)} lists all.'
            )

    def _count(self, failures: list[tuple[str, str]]) -> None:
        for path, reason in failures:
            path = ' '.join(path.splitlines())
            self.counts[path] += 1
            self.reasons[path] = ' '.join(reason.split())

    def _report(self, runner: Runner, failures: list[tuple[str, str]]) -> None:
        """Log this epoch's failures and write the list of all."""
        files = sorted({path for path, _ in failures})
        path = self._list_path(runner)
        runner.logger.warning(
            f'Epoch {runner.epoch + 1}: {len(failures)} samples of {len(files)} files could not be '
            f'decoded and were replaced ({len(self.counts)} of '
            f'{len(runner.train_dataloader.dataset)} files so far): '
            f'{self._listing(files)}. {path} lists all.'
        )
        if is_main_process():
            lines = [f'{p}\t{n}\t{self.reasons[p]}\n' for p, n in sorted(self.counts.items())]
            write_text(path, ''.join(lines))

    def _listing(self, files: list[str]) -> str:
        """The first files with their reasons, and the number of the rest."""
        listed = [
            printable(f'{file} ({self.reasons[" ".join(file.splitlines())]})')
            for file in files[: self.max_listed]
        ]
        rest = len(files) - len(listed)
        return '; '.join(listed) + (f'; and {rest} more' if rest else '')

    @staticmethod
    def _list_path(runner: Runner) -> Path:
        return Path(runner.work_dir) / 'decode_failures.txt'
