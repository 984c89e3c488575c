"""Find the videos that a file of boxes names, by any form of the name, and measure them."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.video_folders import is_video_name, video_id_of
from mmvideomae.preparation.lists.make_annotations import FrameNames, find_samples
from mmvideomae.video.readers import (
    FrameFolderReader,
    VideoReader,
    VideoReadError,
    open_reader,
)


class Clock(NamedTuple):
    """Times at which the frames of a video appear, see `VideoReader`."""

    times: np.ndarray
    duration: float
    fps: float


@dataclass
class SourceVideo:
    """One video file or folder of frames.

    Attributes:
        video_id: Its path relative to the folder of all videos, without the extension.
        path: The same path with its extension.
        file: The path of the file or folder.
        frames: Names of the frames, for a folder of frames.
        rate: Frames per second in such a folder.
    """

    video_id: str
    path: str
    file: Path
    frames: FrameNames | None = None
    rate: float | None = None

    @cached_property
    def clock(self) -> Clock:
        """Times of its frames.

        Raises:
            AnnotationError: The video cannot be read.
        """
        try:
            with self._open() as reader:
                return Clock(reader.times, reader.duration, reader.fps)
        except VideoReadError as error:
            raise AnnotationError(str(error)) from None

    @cached_property
    def first(self) -> int:
        """Number of the first frame: that of the first file in a folder, else 0.

        Raises:
            AnnotationError: The folder cannot be read.
        """
        if self.frames is None:
            return 0
        try:
            return FrameFolderReader(self.file, self.frames.template, self.frames.first).start
        except VideoReadError as error:
            raise AnnotationError(str(error)) from None

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels.

        Raises:
            AnnotationError: The video cannot be read.
        """
        try:
            with self._open() as reader:
                height, width = reader.read([0]).shape[1:3]
        except VideoReadError as error:
            raise AnnotationError(str(error)) from None
        return width, height

    def _open(self) -> VideoReader:
        if self.frames is None:
            return open_reader(self.file)
        if self.rate is None:
            raise AnnotationError(f'{self.file}: a folder of frames needs its frames per second')
        return FrameFolderReader(self.file, self.frames.template, self.frames.first, fps=self.rate)


class SourceVideos:
    """Videos below a folder, by path or by name, with or without an extension.

    Args:
        folder: Folder of the videos, possibly in sub-folders.
        frames: Names of frames, if videos are folders of frames.
        fps: Frames per second in such folders.

    Raises:
        AnnotationError: No such folder, or no video in it.
    """

    def __init__(
        self, folder: Path, frames: FrameNames | None = None, fps: float | None = None
    ) -> None:
        self.folder = folder
        self._by_name: dict[str, list[SourceVideo]] = {}
        for sample in find_samples(folder, frames):
            path = sample.path
            video_id = video_id_of(path) if frames is None else path
            video = SourceVideo(video_id, path, folder / path, frames, fps)
            for name in {path, video_id, os.path.basename(path), os.path.basename(video_id)}:
                self._by_name.setdefault(name, []).append(video)

    @property
    def names(self) -> Collection[str]:
        """All names that `find` knows."""
        return self._by_name

    def find(self, name: str, where: str) -> SourceVideo | None:
        """The video with this name; None if there is none.

        Raises:
            AnnotationError: There are several; the message says ``where`` the name is.
        """
        found = self._by_name.get(os.path.normpath(name), [])
        if not found and is_video_name(name):  # it may have been transcoded
            found = self._by_name.get(os.path.normpath(os.path.splitext(name)[0]), [])
        exact = [video for video in found if name in (video.path, video.video_id)]
        found = exact or found
        if len(found) > 1:
            paths = ', '.join(video.path for video in found[:3])
            raise AnnotationError(
                f'{where}: several videos below {self.folder} have the name {name!r} ({paths}): '
                'use the path'
            )
        return found[0] if found else None
