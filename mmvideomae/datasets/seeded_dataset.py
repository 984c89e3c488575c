"""What all data sets share: seeded samples, and what happens to one that cannot be read."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from mmengine.dataset import BaseDataset, force_full_init
from mmengine.logging import print_log
from mmengine.structures import BaseDataElement

from mmvideomae.datasets.classes import refuse_flips
from mmvideomae.datasets.readers import VideoReadError
from mmvideomae.datasets.seeding import SampleSeeds
from mmvideomae.registry import TRANSFORMS

Failure = tuple[str, str]
"""(path, reason) of a file that could not be read."""

_logged: set[str] = set()


class SeededDataset(BaseDataset):
    """A data set whose samples are functions of (seed, epoch, index).

    With `EpochSampler` everything random in the pipeline is such a function.  With another
    sampler it follows the global generators of the worker process.  In test mode it is a
    function of the index alone.

    A file that cannot be read (`unreadable`) is logged once per process and

    - ``'replace'`` (training): another sample takes its place, drawn from (seed, epoch,
      index, attempt), for at most ``max_refetch`` attempts.  The failures travel in the
      metainfo ``decode_failures`` of the sample, a list of (path, reason);
    - ``'raise'`` (test mode): is an error that names the file;
    - ``'count_wrong'`` (test mode on request): becomes the sample of `blank_record` with the
      metainfo ``undecodable=True``: wrong, never absent.

    Args:
        pipeline: Transforms.
        test_mode: Whether samples are for validation or test.
        on_decode_error: See above.
        max_refetch: Replacements tried for one sample.
        ann_file: For messages.
        metainfo: Of the data set.
        indices: Only these records, or the first so many.
        serialize_data: Keep records in one array that forked workers share.
        lazy_init: Read lists on first use.
        mirrorable: Whether a mirrored video keeps its class; False refuses pipelines that flip.

    Raises:
        ValueError: The pipeline flips what must not be flipped.
    """

    unreadable: ClassVar[type[Any]] = VideoReadError
    """The error, with ``path`` and ``reason``, that is treated as above."""

    def __init__(
        self,
        pipeline: Sequence[dict[str, Any] | Callable[[dict[str, Any]], Any]],
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
        if test_mode:
            self._seeds.set(0, 0)
        # mmengine would look names up in the root registry, which finds ours only inside a
        # runner's default scope.
        built = [TRANSFORMS.build(t) if isinstance(t, dict) else t for t in pipeline]
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

    def set_epoch(self, seed: int, epoch: int) -> None:
        """Make samples a function of (seed, epoch, index); no effect in test mode."""
        if not self.test_mode:
            self._seeds.set(seed, epoch)

    def blank_record(self, record: dict[str, Any]) -> dict[str, Any]:
        """What stands for a record that cannot be read and has to count as wrong."""
        raise NotImplementedError(f"{type(self).__name__} knows no 'count_wrong'")

    def _advise(self, error: Any) -> Any:
        """The error of ``'raise'``; of a test on videos it says what else can be done."""
        if not (self.test_mode and isinstance(error, VideoReadError)):
            return error
        return VideoReadError(
            error.path,
            f'{error.reason}. Mend the file or take it from the list; to count such samples as '
            "wrong set on_decode_error='count_wrong' in this data set",
        )

    @force_full_init
    def __getitem__(self, idx: int) -> Any:
        """The sample at ``idx``, or what the policy puts in its place.

        Raises:
            Exception: It cannot be read (`unreadable`) and the policy is ``'raise'``.
            RuntimeError: ``max_refetch`` replacements could not be read either.
        """
        if not -len(self) <= idx < len(self):
            raise IndexError(f'sample {idx} of a data set of {len(self)}')
        idx %= len(self)
        if self.on_decode_error == 'replace':
            return self._load_or_replace(idx)
        with self._seeds.scope(idx):
            try:
                return _with_failures(self.prepare_data(idx), [])
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
        for attempt in range(self.max_refetch + 1):
            with self._seeds.scope(idx, attempt):
                chosen = idx if attempt == 0 else int(np.random.randint(len(self)))
                try:
                    return _with_failures(self.prepare_data(chosen), failures)
                except self.unreadable as error:
                    _log_once(error)
                    failures.append((error.path, error.reason))
        causes = '; '.join(f'{path!r}: {reason}' for path, reason in dict(failures[-3:]).items())
        advice = '. Find broken files with tools/data/scan_videos.py'
        advice = advice if self.unreadable is VideoReadError else ''
        raise RuntimeError(
            f'sample {idx} and {self.max_refetch} replacements could not be used, the last '
            f'ones {causes}{advice}'
        )


def decode_policy(policy: str | None, test_mode: bool) -> str:
    """Fill in the default and refuse what would hide samples from an evaluation."""
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
    """Write the failures into the sample's metainfo, where it has one; a hook logs them."""
    packed = sample.get('data_samples') if isinstance(sample, dict) else None
    if isinstance(packed, BaseDataElement):
        packed.set_metainfo({'decode_failures': failures})
        if undecodable:
            packed.set_metainfo({'undecodable': True})
    return sample


def _log_once(error: Any) -> None:
    """One line per file and process: an epoch over many broken files stays readable."""
    if error.path not in _logged:
        _logged.add(error.path)
        print_log(str(error), logger='current', level=logging.WARNING)
