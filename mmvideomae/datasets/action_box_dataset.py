"""Key frames of videos with boxes of people and their actions (AVA and similar data sets)."""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import force_full_init
from mmengine.logging import print_log

from mmvideomae.datasets.proposal_choice import WITHOUT_PROPOSALS, ProposalChoice
from mmvideomae.datasets.seeded_dataset import MAX_REFETCH, SeededDataset, decode_policy
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import (
    Box,
    BoxLabel,
    KeyFrame,
    read_boxes,
    read_excluded,
)
from mmvideomae.formats.label_maps import LabelMap, read_label_map
from mmvideomae.formats.video_places import VideoPlaces
from mmvideomae.registry import DATASETS, Pipeline

People = dict[tuple[Box, int | None], list[int]]
"""Labels keyed by box and person of a key frame."""


@DATASETS.register_module()
class ActionBoxDataset(SeededDataset):
    """Key frames with boxes of people, of AVA, AVA-Kinetics or data in their format.

    A sample is a key frame.  Its record has ``video_id``, ``second``, ``filename``,
    ``start_second``; for a folder of frames, ``filename_tmpl``, ``start_index`` and ``fps``;
    ``gt_boxes`` float32 (n, 4) relative to the frame, ``gt_labels`` float32 (n, K) of 0 and 1,
    ``person_ids`` int64 (n,), -1 if unknown; ``gt_original_boxes`` and
    ``gt_original_labels``, the same, for the metric; with a proposal file, ``proposals`` (m, 4)
    and ``proposal_scores`` (m,); and ``sample_idx``.  Begin the pipeline with `OpenVideo` and
    `SampleKeyFrameClip`.

    K is the largest id of the label map, or ``num_classes``; an id has column ``id - 1``.
    Ids that the map does not name are learned but not evaluated: AVA has 80, and the map of
    ActivityNet names 60.  The metainfo holds ``classes`` (K names), ``class_ids`` (those that the
    map names) and ``num_classes``.

    Every key frame of a test is kept with all its true boxes: without proposals ('skip'), or
    counted as wrong, it is a sample without boxes to predict for, so missed boxes count against
    the model.  For seeds and videos that cannot be decoded, see `SeededDataset`.

    mmaction2's ``AVADataset`` and ``AVAKineticsDataset`` are not used because they assume 30 frames
    per second and second 900 for all videos; add the number of the first file twice, so clips
    begin a frame late; compare each key frame with every excluded line; fail on lists without
    persons and on fractions of a second; silently replace missing proposals by the whole frame,
    and those below the threshold by the best box; and accept label 0.

    Args:
        ann_file: Boxes and labels, see `box_annotations`.
        pipeline: Transforms, by name or as a list.
        label_map: ``.pbtxt`` file of ids and names.
        videos: Config of `VideoPlaces`.
        num_classes: Number of classes without background; None: the largest id of the map.
        excluded_file: Key frames to leave out, lines ``video,second``.
        proposal_file: Boxes of a person detector, see `mmvideomae.formats.proposals`.  In a test,
            the model classifies these; in training, they are added to the true boxes.
        proposal_images: Table of images for a ``.json`` that has only image ids.
        boxes: ``'proposals'``, or ``'truth'`` to classify the true boxes; the proposal file is
            then not read.
        min_box_score: Proposals with lower scores are left out; the papers use 0.8.
        missing_proposals: What to do with a key frame without any: ``'raise'``; ``'skip'``, use
            none; ``'whole_frame'``, use one box around the frame; ``'best'``, use the best of
            the boxes below ``min_box_score``, if there are any, as in mmaction2.
        missing_videos: ``'raise'``, or ``'skip'`` in training to leave out key frames of videos
            that do not exist.
        mirrorable: Whether a mirrored video keeps its classes; False refuses pipelines that flip.
        test_mode: Whether samples are for validation or test.
        on_decode_error: See `SeededDataset`; None is ``'replace'``, or ``'raise'`` in test mode.
        max_refetch: Most replacements to try for one sample.
        indices: Use only these records, or the first ones up to this number.
        serialize_data: Keep records in one array that forked workers share.
        lazy_init: Read lists on first use.

    Raises:
        AnnotationError: A file is missing or malformed, a label exceeds the classes, a test has
            no evaluated label, a key frame has no proposals (or none has any, with every
            ``missing_proposals``), or videos are missing.
        ValueError: Settings contradict one another.
    """

    def __init__(
        self,
        ann_file: str | os.PathLike[str],
        pipeline: Pipeline,
        label_map: str | os.PathLike[str],
        videos: Mapping[str, Any] | VideoPlaces,
        num_classes: int | None = None,
        excluded_file: str | os.PathLike[str] | None = None,
        proposal_file: str | os.PathLike[str] | None = None,
        proposal_images: str | os.PathLike[str] | None = None,
        boxes: str = 'proposals',
        min_box_score: float = 0.0,
        missing_proposals: str = 'raise',
        missing_videos: str = 'raise',
        mirrorable: bool = True,
        test_mode: bool = False,
        on_decode_error: str | None = None,
        max_refetch: int = MAX_REFETCH,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        lazy_init: bool = False,
    ) -> None:
        _check_one_of('boxes', boxes, ('proposals', 'truth'))
        _check_one_of('missing_proposals', missing_proposals, WITHOUT_PROPOSALS)
        _check_one_of('missing_videos', missing_videos, ('raise', *([] if test_mode else ['skip'])))
        if test_mode and boxes == 'proposals' and proposal_file is None:
            raise ValueError(
                "a test needs proposal_file=FILE, the boxes of a person detector, or boxes='truth'"
            )
        if not 0 <= min_box_score <= 1:
            raise ValueError(f'min_box_score must lie in [0, 1], got {min_box_score}')
        self.label_map = read_label_map(label_map)
        self.num_classes = self.label_map.class_count(num_classes)
        self.excluded_file = excluded_file
        self.proposal_file = proposal_file if boxes == 'proposals' else None
        self.proposal_images = proposal_images
        self.min_box_score = min_box_score
        self.missing_proposals = missing_proposals
        self.missing_videos = missing_videos
        self.places = videos if isinstance(videos, VideoPlaces) else VideoPlaces.of(videos)
        super().__init__(
            pipeline,
            test_mode,
            decode_policy(on_decode_error, test_mode),
            max_refetch,
            ann_file=os.fspath(ann_file),
            metainfo={
                'classes': self.label_map.classes(self.num_classes),
                'class_ids': list(self.label_map.names),
                'num_classes': self.num_classes,
            },
            indices=indices,
            serialize_data=serialize_data,
            lazy_init=lazy_init,
            mirrorable=mirrorable,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Compact records of all key frames, in the order of the file."""
        people = self._key_frames()
        places = self._places(people)
        moments = [moment for moment in people if moment in places]
        proposals = None
        if self.proposal_file is not None:
            choice = ProposalChoice(
                self.proposal_file, self.proposal_images, self.min_box_score, self.missing_proposals
            )
            proposals = choice.choose(moments, self.ann_file, self.places)
        return [
            {
                'key_frame': moment,
                'place': places[moment],
                'people': list(people[moment].items()),
                'found': None if proposals is None else proposals[moment],
            }
            for moment in moments
        ]

    @force_full_init
    def get_data_info(self, idx: int) -> dict[str, Any]:
        """The record of one key frame for the pipeline."""
        return _record(super().get_data_info(idx), self.num_classes)

    def identity(self, idx: int) -> Any:
        """Key frame, true boxes and their labels."""
        record = self.get_data_info(idx)
        boxes, labels = record['gt_boxes'], record['gt_labels']
        return [record['video_id'], record['second'], boxes.tolist(), labels.nonzero()[1].tolist()]

    def blank_record(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record without boxes to predict for, so all true boxes are missed."""
        boxes, scores = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        return {**record, 'proposals': boxes, 'proposal_scores': scores}

    def _key_frames(self) -> dict[KeyFrame, People]:
        """Boxes keyed by key frame, without excluded ones."""
        rows = read_boxes(self.ann_file, self.label_map, self.num_classes)
        _tell_unnamed(rows, self.label_map, self.ann_file)
        if self.test_mode and not any(row.label in self.label_map.names for row in rows):
            raise AnnotationError(
                f'{self.ann_file}: none of the {len(rows)} labels has a name in '
                f'{self.label_map.path}, so there is nothing to evaluate'
            )
        excluded = set() if self.excluded_file is None else read_excluded(self.excluded_file)
        people: dict[KeyFrame, People] = {}
        for row in rows:
            moment = row.video_id, row.second
            if moment not in excluded:
                boxes = people.setdefault(moment, {})
                boxes.setdefault((row.box, row.person), []).append(row.label)
        if not people:
            raise AnnotationError(
                f'{self.ann_file}: {self.excluded_file} excludes all key frames, none is left'
            )
        return people

    def _places(self, moments: Mapping[KeyFrame, People]) -> dict[KeyFrame, dict[str, Any]]:
        """The place of each key frame's video, without missing ones that are skipped."""
        places, missing = self.places.find_all(moments)
        if missing:
            first, second = next(iter(missing.items()))
            told = (
                f'{self.ann_file}: {len(missing)} of {len({video for video, _ in moments})} videos '
                f'are missing, such as {first!r} for second {second:g}: looked for '
                f'{self.places.wanted(first)}'
            )
            if self.missing_videos == 'raise' or not places:
                advice = '' if self.test_mode else "; missing_videos='skip' trains without them"
                raise AnnotationError(told + advice)
            print_log(f'{told}; they are left out', logger='current', level=logging.WARNING)
        return places


def _record(packed: Mapping[str, Any], num_classes: int) -> dict[str, Any]:
    """A full record from the compact one that `ActionBoxDataset` keeps."""
    people, found = packed['people'], packed['found']
    boxes = np.array([box for (box, _), _ in people], np.float32).clip(0, 1)
    labels = np.zeros((len(people), num_classes), np.float32)
    for row, (_, ids) in zip(labels, people, strict=True):
        row[np.array(ids) - 1] = 1
    persons = [-1 if person is None else person for (_, person), _ in people]
    video_id, second = packed['key_frame']
    record = {
        'video_id': video_id,
        'second': second,
        **packed['place'],
        'gt_boxes': boxes,
        'gt_labels': labels,
        'person_ids': np.array(persons, np.int64),
        'gt_original_boxes': boxes,
        'gt_original_labels': labels,
        'sample_idx': packed['sample_idx'],
    }
    if found is not None:
        record.update(proposals=found[:, :4], proposal_scores=found[:, 4])
    return record


def _tell_unnamed(rows: Sequence[BoxLabel], label_map: LabelMap, path: str) -> None:
    """Log how many labels are learned but not evaluated."""
    unnamed = [row.label for row in rows if row.label not in label_map.names]
    if unnamed:
        print_log(
            f'{path}: {len(unnamed)} of {len(rows)} labels, of {len(set(unnamed))} ids, have no '
            f'name in {label_map.path}: these classes are learned but not evaluated',
            logger='current',
        )


def _check_one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f'{name} must be one of {", ".join(allowed)}, got {value!r}')
