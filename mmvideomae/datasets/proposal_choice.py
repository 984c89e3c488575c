"""Choose the boxes of a person detector for each key frame."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.logging import print_log

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import KeyFrame, key_frame
from mmvideomae.formats.proposals import Proposals, read_proposals
from mmvideomae.formats.video_places import VideoPlaces

WITHOUT_PROPOSALS = ('raise', 'skip', 'whole_frame', 'best')
_WHOLE_FRAME = np.array([[0, 0, 1, 1, 1]], np.float32)
_NO_BOX = np.zeros((0, 5), np.float32)


@dataclass(frozen=True)
class ProposalChoice:
    """How boxes of a proposal file are chosen; see `ActionBoxDataset` for the settings."""

    file: str | os.PathLike[str]
    images: str | os.PathLike[str] | None
    min_score: float
    missing: str

    def choose(self, moments: Sequence[KeyFrame], ann_file: str, places: VideoPlaces) -> Proposals:
        """The boxes to classify in each key frame of an annotation.

        Raises:
            AnnotationError: The file cannot be read, has none of the key frames, or has no box
                where there must be one.
        """
        found = self._found(moments, ann_file, places)
        if self.min_score and all((boxes[:, 4] == 1).all() for boxes in found.values()):
            print_log(
                f'{self.file}: all boxes have score 1, as boxes without a score have: '
                f'min_box_score={self.min_score:g} leaves none of them out',
                logger='current',
            )
        chosen: Proposals = {}
        missing: list[KeyFrame] = []
        for moment in moments:
            boxes = found.get(moment, _NO_BOX)
            chosen[moment] = boxes[boxes[:, 4] >= self.min_score]
            if not len(chosen[moment]):
                missing.append(moment)
                if self.missing == 'best' and len(boxes):
                    chosen[moment] = boxes[[boxes[:, 4].argmax()]]
        if missing:
            self._tell_missing(missing, len(moments), none=not any(map(len, chosen.values())))
        if self.missing == 'whole_frame':
            chosen.update(dict.fromkeys(missing, _WHOLE_FRAME))
        return chosen

    def _found(self, moments: Sequence[KeyFrame], ann_file: str, places: VideoPlaces) -> Proposals:
        """All boxes of the key frames that the file has."""
        given = read_proposals(self.file, self.images)
        found = {}
        for video, second in moments:
            # In mmaction2's AVA-Kinetics, annotations name clips, but boxes name sources.
            for name in ((video, second), key_frame(places.source_id(video), second)):
                if name in given:
                    found[video, second] = given[name]
                    break
        if found:
            return found
        (video, second), (other, time) = moments[0], next(iter(given))
        same = {name for name, _ in given} & {name for name, _ in moments}
        raise AnnotationError(
            f'{self.file}: none of its {len(given)} key frames, such as second {time:g} of video '
            f'{other!r}, is one of the {len(moments)} of {ann_file}, such as second {second:g} of '
            f'video {video!r}: {"the seconds" if same else "the names of videos"} differ; fix the '
            'file'
        )

    def _tell_missing(self, missing: Sequence[KeyFrame], total: int, none: bool) -> None:
        """Raise or log that key frames have no proposals.

        Args:
            none: Whether no key frame has any, which is always an error.
        """
        video_id, second = missing[0]
        told = (
            f'{self.file}: {len(missing)} of {total} key frames have no box with a score of at '
            f'least {self.min_score:g}, the first is video {video_id!r} at second {second:g}'
        )
        if none and self.missing != 'whole_frame':
            raise AnnotationError(
                f'{told}; none has any, so nothing could be predicted: lower min_box_score, '
                'or fix the file'
            )
        if self.missing == 'raise':
            raise AnnotationError(
                f"{told}; set missing_proposals='skip' (nothing is predicted there), "
                "'whole_frame' or 'best', or fix the file"
            )
        print_log(told, logger='current', level=logging.WARNING)
