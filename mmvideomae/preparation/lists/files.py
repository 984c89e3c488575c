"""Find the files of the clips of a data set."""

import os
from pathlib import Path
from typing import NamedTuple, Protocol

from mmvideomae.errors import where
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.video_folders import find_videos
from mmvideomae.preparation.lists.clips import ListedClip
from mmvideomae.video.readers import FrameFolderReader, check_template, first_frame


class Found(NamedTuple):
    """A path relative to the folder of the data set, and the numbers that follow it in a list."""

    path: str
    numbers: tuple[int, ...] = ()


class Locator(Protocol):
    """Finds the file of a clip below one folder."""

    folder: Path

    def __call__(self, clip: ListedClip) -> Found | None:
        """The file of the clip; None if it does not exist.

        Raises:
            VideoReadError: It exists, but cannot be used.
        """
        ...

    def wanted(self, clip: ListedClip) -> str:
        """A description of the expected file, for messages."""
        ...


class VideoFiles:
    """Video files anywhere below a folder, found by their names without extension.

    Files may be in one folder, in class folders with any spelling, or in ``train`` and
    ``val``, and may have been transcoded to any format.  Among several files with the same
    name, the one in the clip's class folder is used, else the first by path.

    Raises:
        AnnotationError: The folder does not exist, or has no videos.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._first: dict[str, str] = {}
        self._others: dict[str, list[str]] = {}
        for path in find_videos(folder):
            # Annotations name clips by the file alone, without the folders of `video_id_of`.
            name = os.path.splitext(os.path.basename(path))[0]
            if self._first.setdefault(name, path) is not path:
                self._others.setdefault(name, []).append(path)

    def __call__(self, clip: ListedClip) -> Found | None:
        path = self._first.get(clip.name)
        if path is None:
            return None
        if clip.name in self._others:
            same = [path, *self._others[clip.name]]
            path = next((one for one in same if Path(one).parent.name == clip.folder), path)
        return Found(path, clip.frames or ())

    def wanted(self, clip: ListedClip) -> str:
        return os.path.join(clip.folder, clip.name)


class AssumedVideos:
    """Video files that are assumed to exist, ``<class folder>/<name><extension>``."""

    def __init__(self, folder: Path, extension: str) -> None:
        self.folder = folder
        self.extension = extension

    def __call__(self, clip: ListedClip) -> Found | None:
        return Found(self.wanted(clip), clip.frames or ())

    def wanted(self, clip: ListedClip) -> str:
        return os.path.join(clip.folder, clip.name + self.extension)


class FrameFolders:
    """Folders of frames ``<name>/<template>``, with files counted from the lowest number on.

    Raises:
        AnnotationError: No such folder.
        ValueError: The template has no place for a number.
    """

    def __init__(self, folder: Path, template: str) -> None:
        if not folder.is_dir():
            raise AnnotationError(f'no such folder of frame folders: {folder}{where(folder)}')
        check_template(template)
        self.folder = folder
        self.template = template

    def __call__(self, clip: ListedClip) -> Found | None:
        folder = self.folder / clip.name
        if first_frame(folder, self.template) is None:
            return None
        return Found(clip.name, (len(FrameFolderReader(folder, self.template)),))

    def wanted(self, clip: ListedClip) -> str:
        return os.path.join(clip.name, self.template.format(1))
