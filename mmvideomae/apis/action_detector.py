"""Detect people and their actions in videos, from frames to results in one call."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine import Config
from torch import nn

from mmvideomae.apis.class_names import Names, action_names
from mmvideomae.apis.detected_actions import DetectedActions
from mmvideomae.apis.inference import OnProgress, Video, as_model, model_name
from mmvideomae.apis.key_frames import Stream, key_frame_record, seconds_of, video_name
from mmvideomae.apis.person_boxes import PersonDetector
from mmvideomae.apis.windows import batched
from mmvideomae.configs import collate_of, compose, pipeline_of, split_at_reading
from mmvideomae.evaluation.arrays import finite
from mmvideomae.formats.proposals import check_boxes, read_proposals
from mmvideomae.formats.video_folders import video_id_of
from mmvideomae.video.streams import KeptFrames, open_stream, read_once

Boxes = str | os.PathLike[str] | Mapping[Any, Any]
"""'whole_frame', a proposal file, or boxes keyed by second or by (video, second)."""
Moments = dict[float, np.ndarray]
"""Boxes and scores (n, 5), keyed by second."""

_Clip = tuple[dict[str, Any], KeptFrames]
"""The record of a key frame, and a reader of its frames."""

WHOLE_FRAME = 'whole_frame'
_PROPOSALS = ('.pkl', '.pickle', '.json', '.csv')
_WHOLE = np.array([[0, 0, 1, 1, 1]], np.float32)


class _Found(NamedTuple):
    """Results at a key frame."""

    size: tuple[int, int]
    people: np.ndarray
    """Boxes relative to the frame and their scores, (m, 5)."""
    scores: np.ndarray
    """Scores of actions, (m, K)."""


class ActionDetector:
    """Find people in videos and classify their actions with an action detector.

    Clips, frame size and normalisation are those of the config's test.  A video is decoded
    once, from start to end, and only frames that a clip still needs are kept.

    ``people`` says where people are:

    - a person detector of mmdet searches every key frame, one each ``step_seconds``;
    - ``'whole_frame'`` puts one box around each of these key frames, for videos of one person;
    - existing boxes, from a proposal file or a mapping, also set the key frames, which are at
      least ``step_seconds`` apart.

    Args:
        model: A config file, a config, or mmdet's ``FastRCNN`` with an ``ActionRoIHead`` from
            ``init_model``.
        checkpoint: Weights, with a config.
        device: The default is the GPU if there is one, else the CPU.
        classes: Names of the actions in the order of their ids, a file of them, or a label map
            (``.pbtxt``); the default is the names in the config's data sets.
        people: See above: a `PersonDetector`, a config for one, or boxes; None: each call gets
            its own.
        people_checkpoint: Weights of the person detector, with a config.
        min_box_score: Boxes with lower scores are left out; VideoMAE's papers use 0.8.
        step_seconds: Seconds from one key frame to the next.
        min_score: Actions with lower scores are not shown.
        batch_size: Key frames in a forward pass.
        filename_tmpl, fps: Names of the files, and frame rate, of folders of frames.

    Raises:
        ValueError: The model is not an action detector, its config has no test pipeline or no
            class names, or a number is out of range.
        AnnotationError: A proposal file or label map cannot be read (a ``ValueError``).
        DetectionMissingError: mmdet is not installed (a ``ValueError``).
    """

    def __init__(
        self,
        model: nn.Module | Config | str | os.PathLike[str],
        checkpoint: str | os.PathLike[str] | None = None,
        device: str | torch.device | None = None,
        classes: Names | None = None,
        people: Boxes | PersonDetector | nn.Module | Config | None = None,
        people_checkpoint: str | os.PathLike[str] | None = None,
        min_box_score: float = 0.8,
        step_seconds: float = 1.0,
        min_score: float = 0.3,
        batch_size: int = 4,
        filename_tmpl: str = 'img_{:05}.jpg',
        fps: float = 25.0,
    ) -> None:
        if batch_size < 1 or not 0 < step_seconds < math.inf or not 0 <= min_box_score <= 1:
            raise ValueError(
                'batch_size and step_seconds must be positive and min_box_score in [0, 1], got '
                f'{batch_size}, {step_seconds} and {min_box_score}'
            )
        self.model = _checked_model(as_model(model, checkpoint, device))
        self.num_classes = self.model.roi_head.bbox_head.num_classes
        self.classes = action_names(self.model.cfg, self.num_classes, classes)
        self.min_box_score, self.step_seconds = min_box_score, step_seconds
        self.min_score, self.batch_size = min_score, batch_size
        self.filename_tmpl, self.fps = filename_tmpl, fps
        choose, finish = split_at_reading(pipeline_of(self.model.cfg, 'an action detector'))
        self._choose, self._finish = compose(choose), compose(finish)
        self._collate = collate_of(self.model.cfg)
        device = next(self.model.parameters()).device
        self._people = _built_people(people, people_checkpoint, device, min_box_score, batch_size)

    def __call__(
        self,
        video: Video,
        boxes: Boxes | None = None,
        progress: OnProgress | None = None,
        start_second: float = 0.0,
    ) -> DetectedActions:
        """Detect in a video file or a folder of frames.

        Args:
            boxes: Boxes of this video, instead of ``people``.
            start_second: Time of the first frame, on the time line of ``boxes``: 900 for the
                usual cut of AVA.

        Raises:
            VideoReadError: The video cannot be read.
            ValueError: Neither ``people`` nor ``boxes`` is given, or the boxes are of other videos.
            AnnotationError: Boxes are impossible, or of moments outside the video (a
                ``ValueError``).
        """
        people = self._people if boxes is None else _given_boxes(boxes)
        if people is None:
            raise ValueError(
                "it is not known where people are: give people (a config of mmdet, 'whole_frame' "
                'or a proposal file), or boxes with the video'
            )
        video_id = video_name(video)
        if not math.isfinite(start_second):
            raise ValueError(f'start_second must be a number of seconds, got {start_second}')
        stream = self.open_stream(video)
        with stream:
            moments = self._moments(people, stream, video_id, start_second)
            records = [
                self._choose(key_frame_record(stream, video_id, second, start_second))
                for second in moments
            ]
            found: list[_Found] = []
            for part in batched(_clips(stream, records), self.batch_size):
                found += self._detect(part, people, moments)
                if progress:
                    progress(len(found), len(moments))
        size = found[0].size
        pixels = np.array([*size[::-1]] * 2, np.float32)
        return DetectedActions(
            video=os.fspath(video),
            video_id=video_id,
            size=size,
            start_second=start_second,
            step_seconds=self.step_seconds,
            classes=self.classes,
            seconds=tuple(moments),
            boxes=tuple(each.people[:, :4] * pixels for each in found),
            box_scores=tuple(each.people[:, 4] for each in found),
            scores=tuple(each.scores for each in found),
            min_score=self.min_score,
        )

    def open_stream(self, video: Video) -> Stream:
        """Open a video file or a folder of frames for reading in order."""
        return open_stream(video, self.filename_tmpl, self.fps)

    def _moments(self, people: Any, stream: Stream, video_id: str, start_second: float) -> Moments:
        """Boxes keyed by second; empty where people are still to be detected."""
        if people == WHOLE_FRAME or isinstance(people, PersonDetector):
            boxes = _WHOLE if people == WHOLE_FRAME else _WHOLE[:0]
            return dict.fromkeys(seconds_of(stream, self.step_seconds, start_second), boxes)
        own = _of_video(people, video_id)
        kept: Moments = {}
        for second in sorted(own):
            if not kept or second - next(reversed(kept)) >= self.step_seconds - 1e-6:
                rows = check_boxes(own[second], f'boxes of {video_id!r} at second {second:g}')
                kept[second] = rows
        return kept

    def _detect(self, part: Sequence[_Clip], people: Any, moments: Moments) -> list[_Found]:
        """Detect people and their actions at a few key frames."""
        pictures = [reader.read([record['key_frame']])[0] for record, reader in part]
        looked_at = [moments[record['second']] for record, _ in part]
        if isinstance(people, PersonDetector):
            looked_at = people(pictures)
        looked_at = [rows[rows[:, 4] >= self.min_box_score] for rows in looked_at]
        samples = [
            self._finish(_sample(*clip, rows))
            for clip, rows in zip(part, looked_at, strict=True)
            if len(rows)
        ]
        outputs = iter(())
        if samples:
            with torch.inference_mode():
                outputs = iter(self.model.test_step(self._collate(samples)))
        none = np.zeros((0, self.num_classes), np.float32)
        return [
            _Found(
                picture.shape[:2],
                rows,
                self._scores(next(outputs), record) if len(rows) else none,
            )
            for (record, _), picture, rows in zip(part, pictures, looked_at, strict=True)
        ]

    def _scores(self, output: Any, record: Mapping[str, Any]) -> np.ndarray:
        whose = f'scores of second {record["second"]:g} of video {record["video_id"]!r}'
        return finite(output.pred_instances.scores.float(), whose, model_name(self.model))


def _clips(stream: Stream, records: Sequence[dict[str, Any]]) -> Iterator[_Clip]:
    """Pair records with readers of their clips and key frames; no frame is decoded twice."""
    needed = [np.append(record['frame_inds'], record['key_frame']) for record in records]
    return zip(records, read_once(stream, needed), strict=True)


def _sample(record: dict[str, Any], reader: KeptFrames, rows: np.ndarray) -> dict[str, Any]:
    """The input of the pipeline from `ReadFrames` on."""
    return {
        **record,
        'video_reader': reader,
        'proposals': rows[:, :4],
        'proposal_scores': rows[:, 4],
    }


def _checked_model(model: nn.Module) -> nn.Module:
    head = getattr(getattr(model, 'roi_head', None), 'bbox_head', None)
    if not hasattr(head, 'num_classes') or not hasattr(model, 'cfg'):
        raise ValueError(
            f'{type(model).__name__} is not an action detector: give a config such as those in '
            'configs/detection, or a model that init_model built from one'
        )
    return model.eval()


def _built_people(
    people: Boxes | PersonDetector | nn.Module | Config | None,
    checkpoint: str | os.PathLike[str] | None,
    device: torch.device,
    min_score: float,
    batch_size: int,
) -> Any:
    """A `PersonDetector`, 'whole_frame', boxes keyed by moment, or None."""
    is_boxes = isinstance(people, Mapping) and not isinstance(people, Config)
    if isinstance(people, (str, os.PathLike)):
        is_boxes = people == WHOLE_FRAME or Path(people).suffix.lower() in _PROPOSALS
    if people is None or is_boxes or isinstance(people, PersonDetector):
        if checkpoint is not None:
            raise ValueError('people_checkpoint needs people to be the config of a person detector')
        return people if not is_boxes else _given_boxes(people)
    return PersonDetector(people, checkpoint, device, min_score=min_score, batch_size=batch_size)


def _given_boxes(boxes: Any) -> Any:
    """'whole_frame', or boxes keyed by second or by (video, second)."""
    if isinstance(boxes, Mapping) or boxes == WHOLE_FRAME:
        return boxes
    return read_proposals(boxes)


def _of_video(boxes: Mapping[Any, Any], video_id: str) -> dict[float, Any]:
    """Boxes of one video, keyed by second.

    Names may have a folder in front and the suffix of a video behind, as for ``mmvideomae data
    init-boxes``, if only one matches.

    Raises:
        ValueError: All boxes are of other videos, or several videos match.
    """
    named: dict[str | None, dict[float, Any]] = {}
    for moment, rows in boxes.items():
        name, second = moment if isinstance(moment, tuple) else (None, moment)
        named.setdefault(name, {})[float(second)] = rows
    own = {**named.get(None, {}), **named.get(video_id, {})}
    if own:
        return own
    alike = [name for name in named if name and PurePath(video_id_of(name)).name == video_id]
    if len(alike) == 1:
        return named[alike[0]]
    told = ', '.join(sorted(alike or filter(None, named))[:3]) or 'none at all'
    raise ValueError(f'there are no boxes of the video {video_id!r}, only of {told}')
