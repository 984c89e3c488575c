"""The base of all data sets: seeded samples, and the treatment of unreadable ones."""

import hashlib
import logging
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from mmengine.dataset import BaseDataset, force_full_init
from mmengine.logging import print_log
from mmengine.structures import BaseDataElement

from mmvideomae.datasets.seeding import SampleSeeds
from mmvideomae.datasets.work_notes import SampleInWork, WorkNotes
from mmvideomae.errors import UserError, where
from mmvideomae.formats.classes import refuse_flips
from mmvideomae.registry import Pipeline, build_steps
from mmvideomae.video.readers import VideoReadError, fetch_ahead, without_secrets

Failure = tuple[str, str]
"""(path, reason) of a file that could not be read."""

# Default number of replacements to try for one sample.  If 45 % of the files are broken, a run of
# 10^8 samples lacks a replacement with a probability of 10^-13, at a millisecond per file.
MAX_REFETCH = 60
# Replaces the number of an attempt when the replacements themselves are drawn.
_CHOICE = 2**31

_logged: set[str] = set()


class UnusableSamplesError(UserError, RuntimeError):
    """Neither a sample nor its possible replacements can be read."""


class SeededDataset(BaseDataset):
    """A data set whose samples are functions of (seed, epoch, index).

    With `EpochSampler`, all randomness in the pipeline is such a function.  With another
    sampler, it follows the global generators of the worker process.  In test mode, it depends
    on the index alone.

    A file that cannot be read (`unreadable`) is logged once per process and treated as follows:

    - ``'replace'`` (training): another sample replaces it.  Distinct candidates are drawn from
      (seed, epoch, index) and tried in order, at most ``max_refetch`` of them.  Earlier results
      for a file are ignored: a resumed run must choose like an uninterrupted one, and another
      clip of a damaged file may be readable.  The sample's metainfo ``decode_failures``, a list
      of (path, reason), has the failures;
    - ``'raise'`` (test mode): an error names the file;
    - ``'count_wrong'`` (test mode, on request): it becomes the sample of `blank_record` with the
      metainfo ``undecodable=True``, which counts as wrong and is never absent.

    A sample that needs more memory than available cannot be read either.  Any other error is one
    of the pipeline or of the toolbox, and is raised with a note of the file.  The parent knows
    the current samples of its workers (`samples_in_work`), so it can name the file on which one
    dies.

    Args:
        pipeline: Transforms, by name or as a list.
        test_mode: Whether samples are for validation or test.
        on_decode_error: See above.
        max_refetch: Most replacements to try for one sample, see `MAX_REFETCH`.
        ann_file: For messages.
        metainfo: Metainfo of the data set.
        indices: Use only these records, or the first ones up to this number.
        serialize_data: Keep records in one array that forked workers share.
        lazy_init: Read lists on first use.
        mirrorable: Whether a mirrored video keeps its class; False refuses pipelines that flip.

    Raises:
        ValueError: The pipeline flips data that must not be flipped.
    """

    unreadable: ClassVar[type[Any]] = VideoReadError
    """The class of errors, with ``path`` and ``reason``, that are treated as above."""

    def __init__(
        self,
        pipeline: Pipeline,
        test_mode: bool,
        on_decode_error: str,
        max_refetch: int,
        ann_file: str = '',
        metainfo: Mapping[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        lazy_init: bool = False,
        mirrorable: bool = True,
    ) -> None:
        self.on_decode_error = on_decode_error
        self._seeds = SampleSeeds()
        self._notes = WorkNotes()
        if test_mode:
            self._seeds.set(0, 0)
        # mmengine would use the root registry, which finds our parts only in a runner's scope.
        built = build_steps(pipeline)
        if not mirrorable:
            refuse_flips(built)
        super().__init__(
            ann_file=ann_file,
            metainfo=dict(metainfo or {}),
            data_prefix={},
            data_root='',
            indices=indices,
            serialize_data=serialize_data,
            pipeline=built,
            test_mode=test_mode,
            lazy_init=lazy_init,
            max_refetch=max_refetch,
        )

    def full_init(self) -> None:
        """Read the list, and let each transform open its own files (``look()``)."""
        super().full_init()
        for step in self.pipeline.transforms:
            getattr(step, 'look', bool)()

    def set_epoch(self, seed: int, epoch: int) -> None:
        """Make samples a function of (seed, epoch, index); no effect in test mode."""
        if not self.test_mode:
            self._seeds.set(seed, epoch)

    def blank_record(self, record: dict[str, Any]) -> dict[str, Any]:
        """The replacement of an unreadable record that must count as wrong."""
        raise NotImplementedError(f"{type(self).__name__} does not support 'count_wrong'")

    @force_full_init
    def fingerprint(self) -> str:
        """A digest of the samples' names, labels and order, independent of the files' folder."""
        digest = hashlib.sha256()
        for index in range(len(self)):
            digest.update(repr(self.identity(index)).encode(errors='surrogateescape'))
        return digest.hexdigest()[:16]

    def identity(self, idx: int) -> Any:
        """What identifies a sample, as plain numbers and text, without its folder."""
        return [os.path.basename(self._name(idx)), self.get_data_info(idx).get('label')]

    def samples_in_work(self) -> list[SampleInWork]:
        """Current or last samples of the loader's workers, the longest first."""
        return [
            SampleInWork(work.pid, without_secrets(self._name(work.sample)), work.seconds)
            for work in self._notes.unfinished()
        ]

    def _name(self, index: int) -> str:
        """The file of a record."""
        record = self.get_data_info(index)
        found = (record.get(key) for key in ('filename', 'feature_path', 'video_id'))
        return next((str(name) for name in found if name), f'sample {index}')

    def _read(self, index: int) -> Any:
        """The sample of one record; errors name its file.

        Raises:
            Exception: It cannot be read (`unreadable`), or needs more memory than available.
        """
        with self._notes.at(index):
            try:
                return self.prepare_data(index)
            except self.unreadable:
                raise
            except Exception as error:
                if not _is_out_of_memory(error):
                    name = without_secrets(self._name(index))
                    _note(error, f'while sample {index} was read: {name}')
                    raise
                reason = f'it needs more memory than available ({error})'
                raise self.not_readable(self.get_data_info(index), reason) from None

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on a record; open files are closed if it fails.

        Raises:
            Exception: Any exception of a transform.
        """
        record = self.get_data_info(idx)
        try:
            return self.pipeline(record)
        except BaseException:
            if (reader := record.get('video_reader')) is not None:
                reader.close()
            raise

    def not_readable(self, record: dict[str, Any], reason: str) -> Any:
        """The error `unreadable` of a record."""
        return self.unreadable(record.get('filename', ''), reason)

    def _advise(self, error: Any) -> Any:
        """The error for ``'raise'``; in a test on videos, it adds advice."""
        if not (self.test_mode and isinstance(error, VideoReadError)):
            return error
        return VideoReadError(
            error.path,
            f'{error.reason}. Fix the file or remove it from the list; to count such samples as '
            "wrong set on_decode_error='count_wrong' in this data set",
        )

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """The samples of a batch, whose files elsewhere are fetched at once."""
        fetch_ahead(self._name(index) for index in indices)
        return [self[index] for index in indices]

    @force_full_init
    def __getitem__(self, idx: int) -> Any:
        """The sample at ``idx``, or its replacement according to the policy.

        Raises:
            Exception: It cannot be read (`unreadable`) and the policy is ``'raise'``.
            UnusableSamplesError: ``max_refetch`` replacements could not be read either.
        """
        if not -len(self) <= idx < len(self):
            raise IndexError(f'sample {idx} of a data set of {len(self)}')
        idx %= len(self)
        if self.on_decode_error == 'replace':
            return self._load_or_replace(idx)
        with self._seeds.scope(idx):
            try:
                return _with_failures(self._read(idx), [])
            except self.unreadable as error:
                if self.on_decode_error == 'raise':
                    raise self._advise(error) from None
                _log_once(error)
                failure = (error.path, error.reason)
        with self._seeds.scope(idx):
            blank = {**self.blank_record(self.get_data_info(idx)), 'undecodable': True}
            return _with_failures(self.pipeline(blank), [failure], undecodable=True)

    def _load_or_replace(self, idx: int) -> Any:
        failures: list[Failure] = []
        for attempt, chosen in enumerate(self._candidates(idx)):
            with self._seeds.scope(idx, attempt):
                try:
                    return _with_failures(self._read(chosen), failures)
                except self.unreadable as error:
                    _log_once(error)
                    failures.append((error.path, error.reason))
        causes = '; '.join(f'{path!r}: {reason}' for path, reason in dict(failures[-3:]).items())
        advice = ''
        if all(reason == 'no such file' for _, reason in failures):
            place = where(failures[0][0])
            advice = f'{place}. Check the data_prefix of the data set and the names in its list'
        elif self.unreadable is VideoReadError and 'no codes of' not in causes:
            advice = '. Find broken files with mmvideomae data scan-videos'
        count = min(len(self) - 1, self.max_refetch)
        others = f'sample {idx} and {count} replacements' if count else f'sample {idx}'
        raise UnusableSamplesError(f'{others} could not be used: {causes}{advice}')

    def _candidates(self, idx: int) -> Iterator[int]:
        """The sample itself, then distinct replacements."""
        yield idx
        with self._seeds.scope(idx, _CHOICE):
            drawn = random.sample(range(len(self)), min(len(self), self.max_refetch + 1))
        yield from [other for other in drawn if other != idx][: self.max_refetch]


def decode_policy(policy: str | None, test_mode: bool) -> str:
    """Fill in the default, and refuse policies that would hide samples from an evaluation."""
    allowed = ('raise', 'count_wrong') if test_mode else ('replace', 'raise')
    if policy is None:
        return allowed[0]
    if policy not in allowed:
        raise ValueError(
            f'on_decode_error must be one of {", ".join(allowed)} with test_mode={test_mode}, '
            f'got {policy!r}'
        )
    return policy


def _with_failures(sample: Any, failures: list[Failure], undecodable: bool = False) -> Any:
    """Add the failures to the sample's metainfo, if it has one; a hook logs them."""
    packed = sample.get('data_samples') if isinstance(sample, dict) else None
    if isinstance(packed, BaseDataElement):
        mark = {'undecodable': True} if undecodable else {}
        packed.set_metainfo({'decode_failures': failures, **mark})
    return sample


def _is_out_of_memory(error: Exception) -> bool:
    """Whether Python, NumPy, torch or OpenCV could not allocate memory."""
    told = ("can't allocate memory", 'Insufficient memory')
    return isinstance(error, MemoryError) or any(words in str(error) for words in told)


def _note(error: Exception, text: str) -> None:
    """Add a note at the end of an error's traceback."""
    if hasattr(error, 'add_note'):
        error.add_note(text)
    else:  # Python 3.10
        print_log(f'{type(error).__name__} {text}', logger='current', level=logging.ERROR)


def _log_once(error: Any) -> None:
    """Log one line per file and process, so logs with many broken files stay readable."""
    if error.path not in _logged:
        _logged.add(error.path)
        print_log(str(error), logger='current', level=logging.WARNING)
