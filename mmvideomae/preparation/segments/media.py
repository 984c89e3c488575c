"""The files that segments were annotated in: videos, or features made from them."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.feature_info import FeatureInfo
from mmvideomae.formats.video_folders import find_videos, video_id_of
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import FileStream

_FEATURES = '.npy'


@dataclass(frozen=True)
class Opened:
    """What a file says of its video.

    Attributes:
        duration: In seconds; None for features that do not say it.
        fps: Frames per second; None likewise.
        times: Seconds at which the frames appear, float64 (N,); None for features.
    """

    duration: float | None
    fps: float | None
    times: np.ndarray | None = None


@dataclass(frozen=True)
class Media:
    """The files below a folder.

    Attributes:
        folder: The folder.
        files: Paths below the folder, by path with and without suffix, or by name.
        kind: ``'video'`` or ``'features'``.
        template: Name of a file without suffix, given that of its video in the annotation.
    """

    folder: Path
    files: Mapping[str, str]
    kind: str
    template: str = '{}'

    @classmethod
    def below(
        cls, folder: str | os.PathLike[str], template: str = '{}', anywhere: bool = False
    ) -> 'Media':
        """Find the videos below a folder, or, if there are none, the features, ``.npy``.

        Args:
            anywhere: A file in a sub-folder is also found by its name alone, if no other has it.

        Raises:
            AnnotationError: There are none, or two differ only in their suffix.
        """
        if '{}' not in template:
            raise AnnotationError(f'{template!r} has no {{}} where the name of the video is')
        folder = Path(folder)
        try:
            videos = find_videos(folder)
        except AnnotationError:
            features = sorted(path.relative_to(folder) for path in folder.rglob(f'*{_FEATURES}'))
            if not features:
                raise
            kind, names = 'features', {str(path.with_suffix('')): str(path) for path in features}
        else:
            kind, names = 'video', _by_name(videos)
        if anywhere:
            alone = Counter(os.path.basename(name) for name in names)
            bases = {os.path.basename(name): path for name, path in names.items()}
            names = {**{name: bases[name] for name in alone if alone[name] == 1}, **names}
        return cls(folder, names, kind, template)

    def file_of(self, video: str) -> str | None:
        """Path of a video's file below the folder; None if there is none."""
        return self.files.get(os.path.normpath(self.template.format(video)))

    def name_of(self, video: str, path: str) -> str:
        """What a prepared annotation calls a video, so that configs find its file."""
        if self.template != '{}':
            return video
        return str(Path(path).with_suffix('')) if self.kind == 'features' else video_id_of(path)

    def open(self, path: str) -> Opened:
        """Open a file.

        Raises:
            VideoReadError: The video cannot be read.
            AnnotationError: The description of the features is wrong.
        """
        openers: dict[str, Callable[[Path], Opened]] = {
            'video': _open_video,
            'features': _open_features,
        }
        return openers[self.kind](self.folder / path)


def _open_video(path: Path) -> Opened:
    stream = FileStream(path)
    with stream:
        if stream.fps <= 0:
            raise VideoReadError(path, 'its frame rate is not known')
        return Opened(stream.duration, stream.fps, stream.times)


def _open_features(path: Path) -> Opened:
    try:
        info = FeatureInfo.read(path)
    except FileNotFoundError:
        return Opened(None, None)
    except ValueError as error:
        raise AnnotationError(str(error)) from None
    return Opened(info.duration, info.fps if info.video_fps is None else info.video_fps)


def _by_name(paths: Sequence[str]) -> dict[str, str]:
    """Files keyed by their path, with and without suffix.

    Raises:
        AnnotationError: Two files differ only in their suffix, so their features would clash.
    """
    found: dict[str, str] = {}
    for path in paths:
        name = video_id_of(path)
        if name in found:
            raise AnnotationError(
                f'{found[name]} and {path} differ only in their suffix: rename one of them'
            )
        found[name] = path
    return {**found, **{path: path for path in paths}}
