"""Reader of raw frames: one picture file per frame in a folder."""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from mmvideomae.datasets.readers.base import VideoReader, VideoReadError


class FrameFolderReader(VideoReader):
    """Frames from picture files; frame ``n`` is file number ``n + start``.

    Args:
        folder: The folder of one video.
        filename_tmpl: Format of a file name, given the file number.
        start: Number of the first file.
        total: Number of frames; counted from ``start`` on when None.
        fps: Rate at which the frames were extracted, in frames per second.

    Raises:
        VideoReadError: No such folder, or no first frame in it.
        ValueError: The template has no place for a number.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        filename_tmpl: str = 'img_{:05}.jpg',
        start: int = 1,
        total: int | None = None,
        fps: float = 25.0,
    ) -> None:
        super().__init__(folder)
        if filename_tmpl.format(0) == filename_tmpl.format(1):
            raise ValueError(
                f'filename_tmpl needs a place for the number, as in img_{{:05}}.jpg, '
                f'got {filename_tmpl!r}'
            )
        self._template = filename_tmpl
        self._start = start
        self._fps = fps
        if not Path(folder).is_dir():
            raise VideoReadError(folder, 'no such folder of frames')
        if total is not None and total < 1:
            raise VideoReadError(folder, f'its list claims {total} frames')
        self._total = self._count() if total is None else total
        if not self._total:
            raise VideoReadError(folder, f'no frame {self._file(0).name!r} in it')

    def __len__(self) -> int:
        return self._total

    @property
    def fps(self) -> float:
        return self._fps

    def close(self) -> None:
        """Nothing is held open between reads."""

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        for index in indices.tolist():
            yield index, self._load(self._file(index))

    def _load(self, file: Path) -> np.ndarray:
        # Read here, not by OpenCV, which cannot tell a missing file from a broken
        # one and does not open every name on every system.
        try:
            data = np.fromfile(file, np.uint8)
        except OSError as error:
            raise VideoReadError(self.path, f'frame {file.name!r}: {error.strerror}') from None
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
        if picture is None:
            raise VideoReadError(self.path, f'frame {file.name!r} is not a readable picture')
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)

    def _file(self, index: int) -> Path:
        return Path(self.path) / self._template.format(index + self._start)

    def _count(self) -> int:
        """Count files from the first on, up to the first gap."""
        modified = os.stat(self.path).st_mtime_ns
        return _count_files(self.path, self._template, self._start, modified)


@lru_cache(maxsize=4096)
def _count_files(folder: str, template: str, start: int, modified: int) -> int:
    """Consecutive frames of a folder, looked up again when it was modified.

    A film of AVA has 27000 frames and 900 samples: listing them takes longer than reading a clip.
    """
    names = {entry.name for entry in os.scandir(folder)}
    total = 0
    while template.format(total + start) in names:
        total += 1
    return total
