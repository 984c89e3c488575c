"""A reader based on decord 0.6, for videos whose frames it returns correctly."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
import torch  # noqa: F401  decord loaded before torch ends in a segmentation fault

from mmvideomae.errors import one_line
from mmvideomae.storage.remote import local_copy
from mmvideomae.video.readers.base import TimedReader, VideoReadError
from mmvideomae.video.readers.containers import container_of
from mmvideomae.video.readers.limits import ReadLimits
from mmvideomae.video.readers.sample_tables import check_sample_tables

if TYPE_CHECKING:
    import decord

    from mmvideomae.video.readers.pyav_reader import Traits

# decord's messages begin like '[06:05:55] /github/workspace/src/video/video_reader.cc:486: '.
_ORIGIN = re.compile(r'\[\d\d:\d\d:\d\d\] \S+?\.(?:cc|h):\d+: ')

_WORDS = {
    'Error reading': 'no video is found in it',
    'cannot find video stream': 'it holds no video stream that decord knows',
    'Error sending packet': 'its data cannot be decoded',
    'out of bounds for axis': 'its frames carry no times',
    'av_read_frame failed': 'its data ends early',
    'duplicate frames': 'not all wanted frames can be decoded',
}
_CONTAINERS = ('mov', 'matroska', 'avi')
_CODECS = ('h264', 'vp8', 'vp9', 'mjpeg')
_FORMATS = ('yuv420p', 'yuvj420p', 'yuv422p', 'yuvj422p', 'yuv444p', 'yuvj444p')


class DecordReader(TimedReader):
    """Read frames with decord, which silently returns wrong ones after a seek in many files.

    PyAV inspects the file first, gets the times of its frames, and determines whether decord finds
    them: in closed groups of 8-bit H.264, VP8, VP9 or MJPEG, with square pixels and nothing
    trimmed.  Other files are refused, except that AVI files are decoded from their start, as is
    every file if PyAV is not installed.

    Args:
        path: A video file.
        limits: Limits of the resources that it may need.
        square_pixels: Refuse pictures whose pixels are not square instead of keeping them so.

    Raises:
        VideoReadError: decord cannot open the file, or would misplace its frames.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        limits: ReadLimits | None = None,
        square_pixels: bool = True,
    ) -> None:
        super().__init__(path, limits)
        self._copy = ExitStack()
        self._local = os.path.abspath(self._copy.enter_context(local_copy(path)))
        import decord

        decord.logging.set_level(decord.logging.QUIET)
        try:
            from mmvideomae.video.readers.pyav_reader import PyAVReader
        except ImportError:
            self._from_start = True
            self._open_alone()
            return
        exact = PyAVReader(path, self.limits, square_pixels)
        with exact:
            traits = exact.traits()
            self._from_start = traits.container == 'avi' and traits.codec not in _CODECS
            reason = _misreads(traits)
            if reason and not self._from_start:
                raise VideoReadError(path, f"decord {reason}: use backend 'auto' or 'pyav'")
            self._times, self._fps = exact.times, exact.fps
        self._reader = self._open()
        if len(self._reader) != len(self._times):
            reason = f'decord counts {len(self._reader)} frames of {len(self._times)}'
            raise VideoReadError(path, f"{reason}: use backend 'auto' or 'pyav'")

    def close(self) -> None:
        self._reader = None
        self._copy.close()

    def _open(self) -> 'decord.VideoReader':
        import decord

        # By default, decord returns copies of neighbouring frames instead of those that
        # it could not decode.
        try:
            # A path that begins with a slash is not an address.
            return decord.VideoReader(self._local, num_threads=1, fault_tol=1e-9)
        except _errors() as error:
            raise VideoReadError(self.path, _reason(error, self._local)) from None

    def _open_alone(self) -> None:
        """Open a file without PyAV if decord reads it correctly from its start."""
        check_sample_tables(self.path, self.limits)
        if container_of(self.path) == 'other':
            raise VideoReadError(self.path, 'decord misplaces frames of such files: install PyAV')
        self._reader = self._open()
        self._fps = float(self._reader.get_avg_fps())
        begins = self._reader.get_frame_timestamp(range(len(self._reader)))[:, 0].astype(float)
        if not begins.size or -1e9 < begins[0] < 0 or self._reader.get_key_indices()[:1] != [0]:
            # A cut without re-encoding keeps frames that must not be shown.
            raise VideoReadError(self.path, 'decord counts frames that are hidden: install PyAV')
        timed = begins[0] >= 0 and (np.diff(begins) > 0).all()
        self._times = begins - begins[0] if timed else np.arange(len(begins)) / (self._fps or 25.0)

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        try:
            for index, frame in self._decoded(indices):
                picture = frame.asnumpy()
                if picture.shape[2] != 3:  # for some widths below 64, it returns padded lines
                    raise VideoReadError(self.path, 'decord cannot return frames of this width')
                yield index, picture
        except _errors() as error:
            raise VideoReadError(self.path, _reason(error, self._local)) from None

    def _decoded(self, indices: np.ndarray) -> Iterator[tuple[int, Any]]:
        """Indices and frames, decoded one by one from the start if decord would not find them."""
        if not self._from_start:
            yield from ((index, self._reader[index]) for index in indices.tolist())
            return
        wanted = set(indices.tolist())
        reader = self._open()
        for number in range(int(indices[-1]) + 1):
            frame = reader.next()
            if number in wanted:
                yield number, frame


def _misreads(traits: 'Traits') -> str:
    """Why decord would not return the same frames as PyAV; empty if it would."""
    if not any(name in traits.container for name in _CONTAINERS):
        return f'misplaces frames of such files ({traits.container})'
    if traits.codec not in _CODECS or traits.pix_fmt not in _FORMATS:
        return f'is not exact on {traits.codec} with {traits.pix_fmt}'
    if not traits.timed:
        return 'finds frames by times, which these do not have'
    if not traits.whole:
        return 'counts frames that an edit list hides'
    if not traits.closed:
        return 'misplaces frames of open groups of pictures'
    if not traits.upright:
        return 'neither resizes pixels that are not square nor mirrors pictures'
    return ''


def _errors() -> tuple[type[Exception], ...]:
    """Errors that decord raises: its own two, and Python's for a missing file, frame or time."""
    import decord

    own = (decord.DECORDError, decord.DECORDLimitReachedError)
    return (*own, AssertionError, IndexError, StopIteration)


def _reason(error: BaseException, path: str) -> str:
    """Translate decord's message if it is known; else keep it without the source files."""
    text = str(error)
    for hint, words in _WORDS.items():
        if hint in text:
            return words
    return one_line(_ORIGIN.sub('', text).replace(f'[{path}]', ''), 200)
