"""The base of the data sets of untrimmed videos with annotated segments."""

import logging
import os
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from mmengine.logging import print_log

from mmvideomae.datasets.seeded_dataset import MAX_REFETCH, SeededDataset
from mmvideomae.errors import UserError
from mmvideomae.formats.annotated_videos import (
    AnnotatedVideo,
    classes_of,
    dropped_segments,
    find_segment_fault,
    of_subsets,
)
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.classes import check_class_count, class_names
from mmvideomae.formats.segment_annotations import read_segments
from mmvideomae.registry import Pipeline, steps_of


class WrongPipelineError(UserError, ValueError):
    """A pipeline reads another kind of files than its data set lists."""


class SegmentDataset(SeededDataset):
    """Annotated videos, from whichever files a subclass finds for them.

    Every record has ``video_id``, ``duration`` (seconds), ``segments`` float64 (n, 2) in seconds,
    clipped to the video, ``labels`` and ``all_labels`` int64 (n,), ``sample_idx``, and what
    `describe` adds.

    Annotations are checked when the data set is read.  A video that cannot be used

    - is an error that names it (``on_bad_sample='raise'``);
    - is skipped, logged and counted (``'skip'``, only in training): if found when the data set
      is read, it is left out and listed in ``skipped``; if found when it is loaded, another
      sample, drawn from (seed, epoch, index, attempt), replaces it, and that sample's metainfo
      ``decode_failures``, a list of (path, reason), has the failure.

    For seeds, see `SeededDataset`.

    Args:
        ann_file: See `segment_annotations`.
        pipeline: Transforms, by name or as a list.
        subsets: Subsets of the annotation, such as ``'validation'``; None uses all videos.
        classes: Names in the order of their numbers, or a file with one per line; None uses
            all labels in the annotation, of any subset, in alphabetical order, once it is read.
        num_classes: Required number of classes; None: not checked.
        exclude: Names of videos to leave out.
        allow_empty: Treat videos without segments as background instead of a fault.
        tolerance: Seconds by which a segment may exceed the end of its video.
        on_bad_sample: See above.
        test_mode: Whether samples are for validation or test.
        max_refetch: Most replacements to try for one sample.

    Raises:
        AnnotationError: The annotation is missing or malformed, or that of a video is invalid.
        WrongPipelineError: The pipeline begins with a transform of `foreign`.
    """

    foreign: ClassVar[dict[str, str]] = {}
    """Transforms that read other files, with the advice for those who use them."""

    def __init__(
        self,
        ann_file: str | os.PathLike[str],
        pipeline: Pipeline,
        subsets: str | Sequence[str] | None = None,
        classes: str | Sequence[str] | None = None,
        num_classes: int | None = None,
        exclude: Sequence[str] = (),
        allow_empty: bool = False,
        tolerance: float = 0.5,
        on_bad_sample: str = 'raise',
        test_mode: bool = False,
        max_refetch: int = MAX_REFETCH,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        lazy_init: bool = False,
    ) -> None:
        if on_bad_sample not in ('raise', 'skip') or (test_mode and on_bad_sample == 'skip'):
            raise ValueError(
                "on_bad_sample must be 'raise' or, with test_mode=False, 'skip': a video left out "
                f'of a test would change its result; got {on_bad_sample!r}'
            )
        steps = steps_of(pipeline)
        for step in steps:
            if isinstance(step, dict) and step.get('type') in self.foreign:
                raise WrongPipelineError(
                    f'{type(self).__name__} does not work with {step["type"]}: '
                    f'{self.foreign[step["type"]]}'
                )
        self.subsets = (subsets,) if isinstance(subsets, str) else subsets
        self.exclude = set(exclude)
        self.allow_empty = allow_empty
        self.tolerance = tolerance
        self.on_bad_sample = on_bad_sample
        self.skipped: dict[str, str] = {}
        self.num_classes = num_classes
        names = None if classes is None else class_names(classes)
        if names is not None:
            check_class_count(names, num_classes, classes)
        super().__init__(
            steps,
            test_mode,
            'raise' if on_bad_sample == 'raise' else 'replace',
            max_refetch,
            ann_file=os.fspath(ann_file),
            metainfo={} if names is None else {'classes': names},
            indices=indices,
            serialize_data=serialize_data,
            lazy_init=lazy_init,
        )

    @abstractmethod
    def describe(self, video: AnnotatedVideo) -> list[dict[str, Any]]:
        """What the records of a video say of its files, with ``duration``; one for each sample.

        Raises:
            AnnotationError: The files do not fit the annotation.
            Exception: They cannot be used (`unreadable`).
        """

    def load_data_list(self) -> list[dict[str, Any]]:
        """Records of all videos that can be used."""
        videos = self.annotated()
        records = [record for video in videos for record in self._records_or_none(video)]
        if told := dropped_segments(videos, self.ann_file):
            print_log(told, logger='current', level=logging.WARNING)
        if self.skipped:
            some = '; '.join(list(self.skipped.values())[:3])
            print_log(
                f'{len(self.skipped)} of {len(videos)} videos are skipped, such as: {some}',
                logger='current',
                level=logging.WARNING,
            )
        self._require_segments(records)
        return records

    def identity(self, idx: int) -> Any:
        """Video, segments and labels."""
        record = self.get_data_info(idx)
        return [
            record['video_id'],
            np.asarray(record['segments']).tolist(),
            np.asarray(record['all_labels']).tolist(),
        ]

    def annotated(self) -> list[AnnotatedVideo]:
        """The annotated videos to use."""
        videos = read_segments(self.ann_file)
        if 'classes' not in self._metainfo:
            self._metainfo['classes'] = classes_of(videos)
            check_class_count(self._metainfo['classes'], self.num_classes, self.ann_file)
        if self.subsets is not None:
            videos = of_subsets(videos, self.subsets, self.ann_file)
        return [video for video in videos if video.video_id not in self.exclude]

    def _require_segments(self, records: Sequence[dict[str, Any]]) -> None:
        if not records:
            raise AnnotationError(f'{self.ann_file}: no video is left to use')
        if any(len(record['segments']) for record in records):
            return
        count = len({record['video_id'] for record in records})
        of = f' of subset {" or ".join(self.subsets)}' if self.subsets else ''
        told = f'{self.ann_file}: none of the {count} videos{of} has a segment'
        raise AnnotationError(
            f'{told} to be evaluated on; to train without validation set val_cfg, '
            'val_dataloader and val_evaluator to None'
            if self.test_mode
            else f'{told} to learn'
        )

    def _records_or_none(self, video: AnnotatedVideo) -> list[dict[str, Any]]:
        try:
            return self._records(video)
        except (AnnotationError, self.unreadable) as error:
            if self.on_bad_sample == 'raise':
                raise
            self.skipped[video.video_id] = str(error)
            return []

    def _records(self, video: AnnotatedVideo) -> list[dict[str, Any]]:
        described = self.describe(video)
        classes, duration = self.metainfo['classes'], described[0]['duration']
        fault = find_segment_fault(video, classes, duration, self.tolerance, self.allow_empty)
        if fault is not None:
            raise AnnotationError(f'{video.where}: video {video.video_id!r}: {fault}')
        ends = np.array(video.segments, np.float64).reshape(-1, 2).clip(0, duration)
        video.segments = [(start, end) for start, end in ends.tolist()]
        video.drop_repeats()  # clipping to the video may have made some equal
        labels = np.array([classes.index(label) for label in video.labels], np.int64)
        annotated = {
            'video_id': video.video_id,
            'segments': np.array(video.segments, np.float64).reshape(-1, 2),
            'labels': labels,
            'all_labels': labels,
        }
        return [{**annotated, **each} for each in described]
