"""Videos from lists and folders, and what happens to those that cannot be decoded."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset, force_full_init
from mmengine.logging import print_log
from mmengine.structures import BaseDataElement

from mmvideomae.datasets.annotations import Entry
from mmvideomae.datasets.classes import check_class_count, class_names, find_flips
from mmvideomae.datasets.readers import VideoReadError
from mmvideomae.datasets.seeding import SampleSeeds
from mmvideomae.datasets.sources import VideoSource
from mmvideomae.registry import DATASETS, TRANSFORMS

Failure = tuple[str, str]
"""(path, reason) of a video that could not be decoded."""

_logged: set[str] = set()


@DATASETS.register_module()
class VideoListDataset(BaseDataset):
    """Videos and frame folders of one or several sources.

    A record becomes a dict with ``filename``, ``start_index``, ``total_frames`` (-1:
    unknown), ``modality``, ``sample_idx``, and where they are given ``stride``,
    ``filename_tmpl``, ``fps`` and ``label``; begin the pipeline with `OpenVideo`.

    With `EpochSampler` everything random in the pipeline is a function of (seed, epoch,
    index).  With another sampler it follows the global generators of the worker
    process.  In test mode it is a function of the index alone.

    A video that cannot be decoded (`VideoReadError`) is logged once per process and

    - ``'replace'`` (training): another sample takes its place, drawn from (seed, epoch,
      index, attempt), for at most ``max_refetch`` attempts.  The failures travel in the
      metainfo ``decode_failures`` of the sample, a list of (path, reason);
    - ``'raise'`` (test mode): is an error that names the file;
    - ``'count_wrong'`` (test mode on request): becomes zero frames with label
      ``-1 - label``, which no prediction equals, and the metainfo ``undecodable=True``:
      wrong, never absent.

    Args:
        sources: Configs of `VideoSource`, whose records follow one another.
        pipeline: Transforms.
        test_mode: Whether samples are for validation or test.
        labelled: Whether every line must have a label; otherwise labels are ignored.
        num_classes: Of labelled data: labels must lie below; None: as many as ``classes``,
            and without those unknown.
        classes: Class names in the order of their labels, or a file of one per line; the
            metainfo ``classes`` of the data set.
        mirrorable: Whether a mirrored video keeps its class. False, as for
            Something-Something, refuses pipelines that flip.
        on_decode_error: See above; None is ``'replace'``, in test mode ``'raise'``.
        max_refetch: Replacements tried for one sample.
        metainfo: Of the data set.
        indices: Only these records, or the first so many.
        serialize_data: Keep records in one array that forked workers share (a million
            lines of 50 characters: 58 MB).
        lazy_init: Read lists on first use.

    Raises:
        AnnotationError: A list or folder is missing, empty or malformed, a label is out of
            range, or the class names are not as many as the classes.
        ValueError: Settings contradict one another.
    """

    def __init__(
        self,
        sources: Sequence[Mapping[str, Any]],
        pipeline: Sequence[dict[str, Any] | Callable[[dict[str, Any]], Any]],
        test_mode: bool = False,
        labelled: bool = False,
        num_classes: int | None = None,
        classes: str | Sequence[str] | None = None,
        mirrorable: bool = True,
        on_decode_error: str | None = None,
        max_refetch: int = 10,
        metainfo: Mapping[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        lazy_init: bool = False,
    ) -> None:
        if not sources:
            raise ValueError('VideoListDataset needs at least one source')
        self.sources = [VideoSource.of(source) for source in sources]
        self.labelled = labelled
        names = None if classes is None else class_names(classes)
        self.num_classes = check_class_count(names, num_classes)
        self.on_decode_error = _decode_policy(on_decode_error, test_mode)
        self._seeds = SampleSeeds()
        if test_mode:
            self._seeds.set(0, 0)
        # mmengine would look names up in the root registry, which finds ours only inside a
        # runner's default scope.
        built = [TRANSFORMS.build(t) if isinstance(t, dict) else t for t in pipeline]
        if not mirrorable:
            _refuse_flips(built)
        super().__init__(
            metainfo={**(metainfo or {}), **({} if names is None else {'classes': names})},
            data_prefix={},
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

    def load_data_list(self) -> list[bytes]:
        """Records of all sources, packed (`_pack`) without what is common to a source."""
        return [
            _pack(number, segment if self.labelled else segment._replace(label=None))
            for number, source in enumerate(self.sources)
            for entry in source.entries(self.labelled, self.num_classes if self.labelled else None)
            for segment in source.segments(entry)
        ]

    def _serialize_data(self) -> tuple[np.ndarray, np.ndarray]:
        """All records in one array, with the end of each: shared by forked workers."""
        ends = np.cumsum([len(record) for record in self.data_list], dtype=np.int64)
        joined = np.frombuffer(b''.join(self.data_list), dtype=np.uint8)
        self.data_list.clear()
        return joined, ends

    @force_full_init
    def get_data_info(self, idx: int) -> dict[str, Any]:
        """The record of one sample, as the pipeline gets it."""
        if self.serialize_data:
            begin = self.data_address[idx - 1] if idx % len(self) else 0
            packed = self.data_bytes[begin : self.data_address[idx]].tobytes()
        else:
            packed = self.data_list[idx]
        number, entry = _unpack(packed)
        return {**self.sources[number].record(entry), 'sample_idx': idx % len(self)}

    def __getitem__(self, idx: int) -> Any:
        """The sample at ``idx``, or what the policy puts in its place.

        Raises:
            VideoReadError: It cannot be decoded and the policy is ``'raise'``.
            RuntimeError: ``max_refetch`` replacements could not be decoded either.
        """
        if not -len(self) <= idx < len(self):
            raise IndexError(f'sample {idx} of a data set of {len(self)}')
        idx %= len(self)
        if self.on_decode_error == 'replace':
            return self._load_or_replace(idx)
        with self._seeds.scope(idx):
            try:
                return _with_failures(self.prepare_data(idx), [])
            except VideoReadError as error:
                if self.on_decode_error == 'raise':
                    raise VideoReadError(error.path, self._advice(error.reason)) from None
                _log_once(error)
                failure = (error.path, error.reason)
        with self._seeds.scope(idx):
            record = self.get_data_info(idx)
            blank = {**record, 'undecodable': True, 'label': -1 - record.get('label', 0)}
            return _with_failures(self.pipeline(blank), [failure], undecodable=True)

    def _load_or_replace(self, idx: int) -> Any:
        failures: list[Failure] = []
        for attempt in range(self.max_refetch + 1):
            with self._seeds.scope(idx, attempt):
                chosen = idx if attempt == 0 else int(np.random.randint(len(self)))
                try:
                    return _with_failures(self.prepare_data(chosen), failures)
                except VideoReadError as error:
                    _log_once(error)
                    failures.append((error.path, error.reason))
        causes = '; '.join(f'{path!r}: {reason}' for path, reason in dict(failures[-3:]).items())
        raise RuntimeError(
            f'sample {idx} and {self.max_refetch} replacements could not be decoded, the last '
            f'ones {causes}. Find broken files with tools/data/scan_videos.py'
        )

    def _advice(self, reason: str) -> str:
        if not self.test_mode:
            return reason
        return (
            f'{reason}. Mend the file or take it from the list; to count such samples as wrong '
            "set on_decode_error='count_wrong' in this data set"
        )


def _decode_policy(policy: str | None, test_mode: bool) -> str:
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


def _refuse_flips(transforms: Sequence[Callable[[dict[str, Any]], Any]]) -> None:
    """Keep a pipeline from turning one class into another."""
    flips = ', '.join(find_flips(transforms))
    if flips:
        raise ValueError(
            f'the pipeline mirrors videos ({flips}), which changes classes of this data set '
            "(mirrorable=False), such as 'pushing from left to right': take it out or set its "
            'probability to 0'
        )


def _pack(source: int, entry: Entry) -> bytes:
    """A record in as few bytes as it takes: text, numbers first, nothing for None."""
    numbers = (entry.start, entry.total, entry.label)
    fields = [str(source), *('' if number is None else str(number) for number in numbers)]
    return ' '.join([*fields, entry.path]).encode('utf-8', 'surrogateescape')


def _unpack(packed: bytes) -> tuple[int, Entry]:
    """Source and entry of a record."""
    source, *fields, path = packed.decode('utf-8', 'surrogateescape').split(' ', 4)
    return int(source), Entry(path, *(int(field) if field else None for field in fields))


def _with_failures(sample: Any, failures: list[Failure], undecodable: bool = False) -> Any:
    """Write the decode failures into the sample's metainfo, where it has one."""
    packed = sample.get('data_samples') if isinstance(sample, dict) else None
    if isinstance(packed, BaseDataElement):
        packed.set_metainfo({'decode_failures': failures})
        if undecodable:
            packed.set_metainfo({'undecodable': True})
    return sample


def _log_once(error: VideoReadError) -> None:
    """One line per file and process: an epoch over many broken files stays readable."""
    if error.path not in _logged:
        _logged.add(error.path)
        print_log(str(error), logger='current', level=logging.WARNING)
