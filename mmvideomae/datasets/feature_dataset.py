"""Training and test samples from features of untrimmed videos and their segments."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mmvideomae.datasets.seeded_dataset import MAX_REFETCH
from mmvideomae.datasets.segment_dataset import SegmentDataset
from mmvideomae.formats.annotated_videos import AnnotatedVideo
from mmvideomae.formats.feature_files import FeatureError, FeatureFormat, inspect_features
from mmvideomae.formats.feature_info import info_place
from mmvideomae.registry import DATASETS, Pipeline
from mmvideomae.video.readers import fetch_ahead, join_place


@DATASETS.register_module()
class FeatureDataset(SegmentDataset):
    """Feature files of annotated videos, with one sample per video.

    A record is that of `SegmentDataset`, with ``feature_path``, ``width``, ``fps`` and ``grid``
    (`FeatureGrid`); begin the pipeline with `LoadFeatures`.

    Header and sidecar of every file are checked when the data set is read, values when they are
    loaded.

    Args:
        feature_dir: Folder of the feature files, or its address.
        feature_name: Template of a feature file's name, given the name of a video.
        features: How the features were made, see `FeatureFormat`; needed if they have no
            sidecar, and compared with it otherwise.

    The other arguments and errors are those of `SegmentDataset`.

    Raises:
        FeatureError: The features of a video cannot be used.
    """

    unreadable = FeatureError
    foreign: ClassVar[dict[str, str]] = {
        'OpenVideo': 'feature files have no frames; list videos with VideoWindowDataset'
    }

    def __init__(
        self,
        ann_file: str | os.PathLike[str],
        feature_dir: str | os.PathLike[str],
        pipeline: Pipeline,
        subsets: str | Sequence[str] | None = None,
        feature_name: str = '{}.npy',
        features: Mapping[str, Any] | FeatureFormat | None = None,
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
        self.feature_dir = os.fspath(feature_dir)
        self.feature_name = feature_name
        self.features = (
            features if isinstance(features, FeatureFormat) else FeatureFormat(**(features or {}))
        )
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

    def annotated(self) -> list[AnnotatedVideo]:
        """The annotated videos to use, whose files elsewhere are fetched at once."""
        videos = super().annotated()
        paths = [self._path(video) for video in videos]
        fetch_ahead([*paths, *map(info_place, paths)])
        return videos

    def describe(self, video: AnnotatedVideo) -> list[dict[str, Any]]:
        """The feature file of a video, for its one sample."""
        path = self._path(video)
        file = inspect_features(video.video_id, path, self.features, video.duration, video.fps)
        return [
            {
                'feature_path': path,
                'width': self.features.width,
                'duration': video.duration or file.duration,
                'fps': file.grid.fps,
                'grid': file.grid,
            }
        ]

    def not_readable(self, record: dict[str, Any], reason: str) -> FeatureError:
        """The error of a record's feature file."""
        return FeatureError(record['video_id'], record['feature_path'], reason)

    def _path(self, video: AnnotatedVideo) -> str:
        return join_place(self.feature_dir, self.feature_name.format(video.video_id))
