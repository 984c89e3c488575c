"""A reader of raw frames: a folder with one picture file per frame."""

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from string import Formatter

import numpy as np

from mmvideomae.storage.remote import is_elsewhere
from mmvideomae.video.readers.base import VideoReader, VideoReadError

_PICTURES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff')


class FrameFolderReader(VideoReader):
    """Frames from picture files; frame ``n`` is file number ``n + start``.

    Args:
        folder: The folder of one video.
        filename_tmpl: Template of a file name with the file number.
        start: Number of the first file; None: the lowest in the folder.
        total: Number of frames; None: all from ``start`` on, without gaps.
        fps: Rate at which the frames were extracted, in frames per second.

    Attributes:
        start: As above, or found in the folder if it is not given.

    Raises:
        VideoReadError: The folder does not exist, lacks the first frame, or has a gap.
        ValueError: The template has no place for a number.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        filename_tmpl: str = 'img_{:05}.jpg',
        start: int | None = None,
        total: int | None = None,
        fps: float = 25.0,
    ) -> None:
        super().__init__(folder)
        check_template(filename_tmpl)
        self._template = filename_tmpl
        self._fps = fps
        if is_elsewhere(folder):
            raise VideoReadError(
                folder, 'folders of frames are read from local folders alone: make videos of them'
            )
        if not os.path.isdir(folder):
            raise VideoReadError(folder, 'no such folder of frames')
        if total is not None and total < 1:
            raise VideoReadError(folder, f'its list claims {total} frames')
        found = first_frame(folder, filename_tmpl) if start is None else start
        if found is None:
            raise VideoReadError(
                folder, f'no frame such as {filename_tmpl.format(1)!r} in it{_instead(folder)}'
            )
        self.start = found
        self._total = self._count() if total is None else total

    def __len__(self) -> int:
        return self._total

    @property
    def fps(self) -> float:
        return self._fps

    def close(self) -> None:
        """There is nothing to close."""

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        for index in indices.tolist():
            yield index, self._load(self._file(index))

    def _load(self, file: Path) -> np.ndarray:
        import cv2  # only here, since lists of folders of frames are made without it

        # Not read by OpenCV, which cannot distinguish missing from broken files and
        # does not open every name on every system.
        try:
            data = np.fromfile(file, np.uint8)
        except OSError as error:
            raise VideoReadError(self.path, f'frame {file.name!r}: {error.strerror}') from None
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
        if picture is None:
            raise VideoReadError(self.path, f'frame {file.name!r} is not a readable picture')
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)

    def _file(self, index: int) -> Path:
        return Path(self.path) / self._template.format(index + self.start)

    def _count(self) -> int:
        """Number of frames from the first to the last, which must have no gaps."""
        runs = _runs_in(self.path, self._template)
        here = next((run for run in runs if self.start in run), None)
        if here is None:
            span = f'; its frames have numbers {runs[0][0]} to {runs[-1][-1]}' if runs else ''
            raise VideoReadError(self.path, f'no frame {self._file(0).name!r} in it{span}')
        if here != runs[-1]:
            later = runs[runs.index(here) + 1][0]
            raise VideoReadError(
                self.path,
                f'frame {self._template.format(here[-1] + 1)!r} is missing, though later ones '
                f'exist, such as {self._template.format(later)!r}: extract the frames anew',
            )
        return here[-1] - self.start + 1


def first_frame(folder: str | os.PathLike[str], template: str) -> int | None:
    """The lowest number of a frame in a folder; None if there is no frame.

    Raises:
        ValueError: The template has no place for a number.
        VideoReadError: The folder cannot be read.
    """
    check_template(template)
    for number in (0, 1):  # nearly all folders, which avoids listing thousands of files
        if os.path.isfile(os.path.join(folder, template.format(number))):
            return number
    runs = _runs_in(os.fspath(folder), template) if os.path.isdir(folder) else ()
    return runs[0][0] if runs else None


def _instead(folder: str | os.PathLike[str]) -> str:
    """A hint that names a picture in the folder, if frames have other names, or another file."""
    files = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    for name in files:
        if name.lower().endswith(_PICTURES):
            return f', but {name!r}: describe the names by filename_tmpl'
    return f', only files such as {files[0]!r}: if they are videos, give them' if files else ''


def check_template(template: str) -> None:
    """Raise a ``ValueError`` if a template of file names has no place for a number."""
    try:
        names = {template.format(number) for number in (0, 1)}
    except (LookupError, ValueError):  # it needs more than a number
        names = set()
    if len(names) != 2:
        raise ValueError(
            f'filename_tmpl needs a place for the number, as in img_{{:05}}.jpg, got {template!r}'
        )


def _runs_in(folder: str, template: str) -> Sequence[range]:
    """The numbers of the frames in a folder, as ranges without gaps, ascending."""
    try:
        return _find_runs(folder, template, os.stat(folder).st_mtime_ns)
    except OSError as error:
        raise VideoReadError(folder, error.strerror or str(error)) from None


@lru_cache(maxsize=4096)
def _find_runs(folder: str, template: str, modified: int) -> Sequence[range]:
    """`_runs_in`, cached until the folder is modified.

    An AVA film has 27000 frames and 900 samples, and listing takes longer than reading a clip.
    """
    parts = [(text, name is not None) for text, name, _, _ in Formatter().parse(template)]
    pattern = re.compile(
        ''.join(re.escape(text) + r' *([0-9]{1,18})' * numbered for text, numbered in parts)
    )
    matches = (pattern.fullmatch(entry.name) for entry in os.scandir(folder))
    found = ((int(match[1]), match[0]) for match in matches if match)
    numbers = np.array(sorted({n for n, name in found if template.format(n) == name}), np.int64)
    ends = np.flatnonzero(np.diff(numbers) > 1) + 1
    return [range(int(run[0]), int(run[-1]) + 1) for run in np.split(numbers, ends) if run.size]
