"""Check whether the boxes of a person detector match a list of true boxes."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from mmvideomae.formats.box_annotations import Box, KeyFrame, key_frame
from mmvideomae.formats.proposals import Proposals, read_proposals
from mmvideomae.ops.boxes import box_iou
from mmvideomae.preparation.boxes.report import BoxReport, BoxSet, Moments, attempt, boxes_in_rows

_IOU = 0.5
_AT_ONCE = 1000  # key frames
_NONE = np.zeros((0, 5), np.float32)


def check_proposals(report: BoxReport, moments: Moments, box_set: BoxSet) -> None:
    """Report key frames without proposals, and the share of true boxes with a match."""
    if (path := box_set.proposal_file) is None:
        return
    found: Proposals | None = attempt(
        report, 'proposals', lambda: read_proposals(path, box_set.proposal_images)
    )
    if found is None:
        return
    level = 'error' if box_set.missing_proposals == 'raise' else 'warning'
    truths: list[list[Box]] = []
    proposals: list[np.ndarray] = []
    for moment, rows in moments.items():
        boxes = _of_moment(found, moment, box_set)
        if not len(boxes):
            limit = f' of score {box_set.min_box_score:g}' if box_set.min_box_score else ''
            told = f'{path}: none{limit} for second {moment[1]:g} of {moment[0]}'
            report.add(level, 'key frames without proposals', told)
        truths.append(boxes_in_rows(rows))
        proposals.append(boxes)
    if level == 'warning' and moments and not any(map(len, proposals)):
        (video, second), (other, time) = next(iter(moments)), next(iter(found))
        told = (
            f'{path}: no key frame has one, such as second {second:g} of {video}; the file has, '
            f'for example, those of second {time:g} of {other}'
        )
        report.add('error', 'proposals', told)
    total = sum(map(len, truths))
    near = _count_near(truths, proposals)
    recall = near / total if total else 0.0
    report.counts['proposals'] = sum(map(len, proposals))
    report.counts[f'recall at IoU {_IOU}'] = round(recall, 4)
    if total and recall < _IOU:
        told = f'{path}: {near} of {total} true boxes have a match; is it for these videos?'
        report.add('warning', 'recall of proposals', told)


def _of_moment(found: Proposals, moment: KeyFrame, box_set: BoxSet) -> np.ndarray:
    """The boxes (n, 4) of a key frame with sufficient scores, as in the data set."""
    boxes = found.get(moment)
    if boxes is None:
        boxes = found.get(key_frame(box_set.videos.source_id(moment[0]), moment[1]), _NONE)
    return boxes[boxes[:, 4] >= box_set.min_box_score, :4]


def _count_near(truths: Sequence[list[Box]], proposals: Sequence[np.ndarray]) -> int:
    """The number of true boxes that overlap a proposal of their key frame."""
    near = 0
    for start in range(0, len(truths), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        # Padding boxes are empty and overlap nothing.
        wanted = pad_sequence([torch.tensor(boxes) for boxes in truths[part]], batch_first=True)
        given = pad_sequence(
            [torch.from_numpy(boxes) for boxes in proposals[part]], batch_first=True
        )
        if given.shape[1]:
            near += int((torch.vmap(box_iou)(wanted, given).amax(2) >= _IOU).sum())
    return near
