"""Windows of untrimmed videos with their segments."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mmvideomae.datasets.seeded_dataset import MAX_REFETCH
from mmvideomae.datasets.segment_dataset import SegmentDataset, WrongPipelineError
from mmvideomae.datasets.transforms.loading import OpenVideo
from mmvideomae.formats.annotated_videos import AnnotatedVideo, find_clock_fault
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.video_places import VideoPlaces
from mmvideomae.ops.frame_windows import FrameWindows
from mmvideomae.registry import DATASETS, Pipeline
from mmvideomae.video.readers import VideoReadError, is_there, join_place


@DATASETS.register_module()
class VideoWindowDataset(SegmentDataset):
    """Windows of annotated videos, read from the video files.

    In training, a video is one sample: a window of it that `SampleWindow` draws.  In a test, its
    samples are the windows that cover it, one after another.

    A record is that of `SegmentDataset`, with ``filename``, for a folder of frames what
    `OpenVideo` needs besides, ``windows``, ``told_fps`` and ``told_duration``, and in a test
    ``first_step``; begin the pipeline with `OpenVideo`, `SampleWindow` and `ReadFrames`.

    Videos are opened when the data set is read if the annotation does not give their duration,
    and to divide them into windows.  Otherwise they are compared with the annotation when they
    are loaded.

    Args:
        videos: Config of `VideoPlaces`.
        windows: Config of `FrameWindows`.
        video_name: Template of the name that ``videos`` has for a video, given that of the
            annotation.

    The other arguments and errors are those of `SegmentDataset`.

    Raises:
        AnnotationError: A video is missing or differs from its annotation.
        VideoReadError: A video cannot be read, or is shorter than a window that must not be
            padded.
    """

    unreadable = VideoReadError
    foreign: ClassVar[dict[str, str]] = {
        'LoadFeatures': 'it lists videos; list feature files with FeatureDataset, for a detector '
        'that works on features'
    }

    def __init__(
        self,
        ann_file: str | os.PathLike[str],
        videos: Mapping[str, Any] | VideoPlaces,
        pipeline: Pipeline,
        windows: Mapping[str, Any] | FrameWindows,
        subsets: str | Sequence[str] | None = None,
        video_name: str = '{}',
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
        self.places = videos if isinstance(videos, VideoPlaces) else VideoPlaces.of(videos)
        self.video_name = video_name
        self.windows = windows if isinstance(windows, FrameWindows) else FrameWindows(**windows)
        super().__init__(
            ann_file,
            pipeline,
            subsets,
            classes,
            num_classes,
            exclude,
            allow_empty,
            tolerance,
            on_bad_sample,
            test_mode,
            max_refetch,
            indices,
            serialize_data,
            lazy_init,
        )

    def describe(self, video: AnnotatedVideo) -> list[dict[str, Any]]:
        """The file of a video, for each of its samples."""
        place = self._place(video)
        record = {
            **place,
            'windows': self.windows,
            'told_fps': video.fps,
            'told_duration': video.duration,
            'duration': video.duration,
        }
        if video.duration is not None and (self.windows.whole or not self.test_mode):
            return [record]
        fps, record['duration'] = self._clock(video, place)
        if not self.test_mode:
            return [record]
        count = self.windows.count(fps, record['duration'])
        if fault := self.windows.find_fault(count):
            raise VideoReadError(place['filename'], fault)
        return [{**record, 'first_step': first} for first in self.windows.starts(count)]

    def _advise(self, error: VideoReadError) -> VideoReadError:
        """The error itself: no window of a test may count as wrong."""
        return error

    def _place(self, video: AnnotatedVideo) -> dict[str, Any]:
        """What `OpenVideo` needs of a video.

        Raises:
            AnnotationError: It is missing.
        """
        name = self.video_name.format(video.video_id)
        place = self.places.find(name, 0.0)
        if place is not None:
            return place
        features = join_place(self.places.folder, f'{name}.npy')
        instead = ''
        if is_there(features):
            instead = (
                f'; {features} holds features, for which a detector like ActionFormer needs no '
                'videos: use a config of FeatureDataset'
            )
        raise AnnotationError(
            f'{video.where}: video {video.video_id!r} is missing: looked for '
            f'{self.places.wanted(name)}{instead}'
        )

    def _clock(self, video: AnnotatedVideo, place: Mapping[str, Any]) -> tuple[float, float]:
        """Frames per second and duration of a video.

        Raises:
            AnnotationError: They differ from the annotation.
            VideoReadError: It cannot be opened.
            WrongPipelineError: Nothing opens it.
        """
        opening = next((t for t in self.pipeline.transforms if isinstance(t, OpenVideo)), None)
        if opening is None:
            raise WrongPipelineError('the pipeline of VideoWindowDataset must begin with OpenVideo')
        opened = opening.transform(dict(place))
        with opened['video_reader']:
            fps = opened['fps']
            duration = opened['frames_end'] - float(opened['frame_times'][0])
        if fault := find_clock_fault(fps, duration, video.fps, video.duration):
            raise AnnotationError(
                f'{video.where}: video {video.video_id!r} ({place["filename"]}) has {fault}'
            )
        return fps, duration
