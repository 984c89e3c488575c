"""Videos from lists and folders, and the treatment of those that cannot be decoded."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dataset import force_full_init

from mmvideomae.datasets.seeded_dataset import MAX_REFETCH, SeededDataset, decode_policy
from mmvideomae.datasets.sources import VideoSource
from mmvideomae.formats.annotations import Entry
from mmvideomae.formats.classes import check_class_count, class_names
from mmvideomae.formats.video_folders import listed_name
from mmvideomae.registry import DATASETS, Pipeline


@DATASETS.register_module()
class VideoListDataset(SeededDataset):
    """Videos and frame folders of one or several sources.

    A record becomes a dict with ``filename``, ``video_id`` (see `video_id_of`), ``total_frames``
    (-1: unknown), ``modality``, ``sample_idx``, ``start_index`` (absent: the lowest number in a
    folder of frames), and where they are given ``stride``, ``filename_tmpl``, ``fps`` and
    ``label``; begin the pipeline with `OpenVideo`, or with `OpenCodes`.

    For seeds and videos that cannot be decoded, see `SeededDataset`; ``'count_wrong'`` gives
    zero frames and the label ``-1 - label``, which no prediction equals.  With several labels a
    clip, labels stay, and `MultiLabelMAP` counts the clip as found in none of its classes.

    Args:
        sources: Configs of `VideoSource`, whose records are concatenated.
        pipeline: Transforms, by name or as a list.
        test_mode: Whether samples are for validation or test.
        labelled: Whether every line must have a label; otherwise labels are ignored.
        num_classes: Labels must be less than this; None: the number of ``classes``, or
            unknown without them.
        classes: Class names in the order of their labels, or a file with one per line; the
            metainfo ``classes`` of the data set.
        mirrorable: Whether a mirrored video keeps its class. False, as for
            Something-Something, refuses pipelines that flip.
        on_decode_error: See `SeededDataset`; None is ``'replace'``, or ``'raise'`` in test mode.
        max_refetch: Most replacements to try for one sample.
        metainfo: Metainfo of the data set.
        indices: Use only these records, or the first ones up to this number.
        serialize_data: Keep records in one array that forked workers share (a million
            lines of 50 characters: 58 MB).
        lazy_init: Read lists on first use.
        multi_class: Whether a clip has several labels, ``path label label ...``, as in
            mmaction2; ``label`` is then float32 (K,) of 0 and 1.

    Raises:
        AnnotationError: A list or folder is missing, empty or malformed, a label is out of
            range, or the number of class names is not that of classes.
        ValueError: Settings contradict one another.
    """

    def __init__(
        self,
        sources: Sequence[Mapping[str, Any]],
        pipeline: Pipeline,
        test_mode: bool = False,
        labelled: bool = False,
        num_classes: int | None = None,
        classes: str | Sequence[str] | None = None,
        mirrorable: bool = True,
        on_decode_error: str | None = None,
        max_refetch: int = MAX_REFETCH,
        metainfo: Mapping[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        lazy_init: bool = False,
        multi_class: bool = False,
    ) -> None:
        if not sources:
            raise ValueError('VideoListDataset needs at least one source')
        self.sources = [VideoSource.of(source) for source in sources]
        self.labelled = labelled
        names = None if classes is None else class_names(classes)
        self.num_classes = check_class_count(names, num_classes, classes)
        self.multi_class = multi_class
        if multi_class and labelled and self.num_classes is None:
            raise ValueError('several labels a clip (multi_class=True) need num_classes or classes')
        super().__init__(
            pipeline,
            test_mode,
            decode_policy(on_decode_error, test_mode),
            max_refetch,
            metainfo={**(metainfo or {}), **({} if names is None else {'classes': names})},
            indices=indices,
            serialize_data=serialize_data,
            lazy_init=lazy_init,
            mirrorable=mirrorable,
        )

    def load_data_list(self) -> list[bytes]:
        """Packed records (`_pack`) of all sources, without values common to a source."""
        return [
            _pack(number, segment if self.labelled else segment._replace(label=None, labels=()))
            for number, source in enumerate(self.sources)
            for entry in source.entries(
                self.labelled, self.num_classes if self.labelled else None, self.multi_class
            )
            for segment in source.segments(entry)
        ]

    def _serialize_data(self) -> tuple[np.ndarray, np.ndarray]:
        """All records in one array that forked workers share, and the end of each."""
        ends = np.cumsum([len(record) for record in self.data_list], dtype=np.int64)
        joined = np.frombuffer(b''.join(self.data_list), dtype=np.uint8)
        self.data_list.clear()
        return joined, ends

    @force_full_init
    def get_data_info(self, idx: int) -> dict[str, Any]:
        """The record of one sample for the pipeline."""
        number, entry = self._line(idx)
        record = self.sources[number].record(entry)
        if entry.labels:
            record['label'] = torch.zeros(self.num_classes).index_fill_(
                0, torch.tensor(entry.labels), 1.0
            )
        return {**record, 'sample_idx': idx % len(self)}

    def identity(self, idx: int) -> Any:
        """The line of a list: its source, the place of the video, frames and label."""
        number, entry = self._line(idx)
        path = listed_name(entry.path)
        parts = path.split('/')
        # Lists of absolute paths are rewritten when the data has moved.
        moves = parts[0] == '' or '://' in path
        numbers = (entry.start, entry.total, entry.labels or entry.label)
        return [number, '/'.join(parts[-2:] if moves else parts), *numbers]

    def _line(self, idx: int) -> tuple[int, Entry]:
        """Source and entry of a record."""
        if not self.serialize_data:
            return _unpack(self.data_list[idx])
        begin = self.data_address[idx - 1] if idx % len(self) else 0
        return _unpack(self.data_bytes[begin : self.data_address[idx]].tobytes())

    def blank_record(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record with a label that no prediction equals."""
        return record if self.multi_class else {**record, 'label': -1 - record.get('label', 0)}


def _pack(source: int, entry: Entry) -> bytes:
    """A compact record: text, with numbers first and nothing for None."""
    label = ''.join(f'{each},' for each in entry.labels) or _text(entry.label)
    fields = [str(source), _text(entry.start), _text(entry.total), label]
    return ' '.join([*fields, entry.path]).encode('utf-8', 'surrogateescape')


def _text(number: int | None) -> str:
    return '' if number is None else str(number)


def _unpack(packed: bytes) -> tuple[int, Entry]:
    """Source and entry of a record."""
    source, *fields, path = packed.decode('utf-8', 'surrogateescape').split(' ', 4)
    labels: tuple[int, ...] = ()
    if fields[2].endswith(','):
        *several, fields[2] = fields[2].split(',')
        labels = tuple(map(int, several))
    start, total, label = (int(field) if field else None for field in fields)
    return int(source), Entry(path, start, total, label, labels)
