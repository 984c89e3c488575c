"""Key frames of videos that are read in order."""

import math
import os
from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np

from mmvideomae.datasets.transforms import SampleKeyFrameClip
from mmvideomae.formats.video_folders import video_id_of
from mmvideomae.video.streams import FileStream, FolderStream, open_stream

Stream = FileStream | FolderStream
_ONE_FRAME = SampleKeyFrameClip(clip_len=1, stride=1, phase=0)
_TOLERANCE = 1e-6  # of a time, in seconds
_MOST_OF_A_FRAME = 10


def open_place(place: Mapping[str, Any]) -> Stream:
    """Open a video that ``VideoPlaces.find`` found.

    Raises:
        VideoReadError: It cannot be read.
    """
    return open_stream(
        place['filename'],
        place.get('filename_tmpl', 'img_{:05}.jpg'),
        place.get('fps') or 25.0,
        place.get('start_index'),
    )


def key_frame_record(
    stream: Stream, video_id: str, second: float, start_second: float = 0.0
) -> dict[str, Any]:
    """The input of an action detector's pipeline for one moment of an open video.

    Raises:
        AnnotationError: The moment lies outside the video.
    """
    record = {
        'filename': stream.path,
        'video_id': video_id,
        'second': second,
        'start_second': start_second,
        'start_index': 0,
        'total_frames': len(stream),
        'modality': 'RGB',
        'fps': stream.fps,
        'avg_fps': stream.fps,
        'frame_times': stream.times,
        'frames_end': stream.duration,
    }
    record['key_frame'] = int(_ONE_FRAME.transform(dict(record))['frame_inds'][0])
    return record


def check_step(step: float) -> None:
    """Raise a ``ValueError`` unless key frames are a positive number of seconds apart."""
    if not 0 < step < math.inf:
        raise ValueError(f'key frames must be a positive number of seconds apart, got {step}')


def seconds_of(stream: Stream, step: float, start_second: float = 0.0) -> list[float]:
    """The multiples of ``step`` in a video, or its first moment if there are none.

    At most ten of them share a frame: time stamps may jump by a day, and looking at the same
    picture more often is useless.

    Raises:
        ValueError: ``step`` is not positive.
    """
    check_step(step)
    edges = start_second + np.append(stream.times, stream.duration)
    bounds = np.ceil((edges - _TOLERANCE) / step).astype(np.int64)
    stops = np.minimum(bounds[1:], bounds[:-1] + _MOST_OF_A_FRAME)
    numbers = chain.from_iterable(map(range, bounds[:-1].tolist(), stops.tolist()))
    found = [round(number * step, 3) for number in numbers]
    return found or [round(start_second, 3)]


def video_name(video: str | os.PathLike[str]) -> str:
    """A video's name in annotations: that of its folder of frames or of its file."""
    return video_id_of(os.path.abspath(video))
