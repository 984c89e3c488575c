"""Reader over decord 0.6, the default for H.264 and VP9."""

import os
import re
from typing import TYPE_CHECKING

import numpy as np
import torch  # noqa: F401  decord loaded before torch ends in a segmentation fault

from mmvideomae.datasets.readers.base import VideoReader, VideoReadError, one_line
from mmvideomae.datasets.readers.containers import container_of

if TYPE_CHECKING:
    import decord

# '[06:05:55] /github/workspace/src/video/video_reader.cc:486: ' opens each decord message.
_ORIGIN = re.compile(r'\[\d\d:\d\d:\d\d\] \S+?\.(?:cc|h):\d+: ')

_WORDS = {
    'Error reading': 'no video is found in it',
    'cannot find video stream': 'it holds no video stream that decord knows',
    'size must exactly match': 'frames of this width cannot be returned',
    'Error sending packet': 'its data cannot be decoded',
    'out of bounds for axis': 'its frames carry no times',
    'av_read_frame failed': 'its data ends early',
    'duplicate frames': 'not all wanted frames can be decoded',
}


class DecordReader(VideoReader):
    """Frames through decord.

    decord returns wrong frames without a word in several situations; those that
    can be recognised are refused here.  One cannot: in files with open groups of
    pictures (x265's default, rare in H.264) decord is off by the few B-frames that
    lead the key frame to which it jumped; PyAV is exact there.  AVI files with
    B-frames are decoded from their start.

    Args:
        path: A video file.

    Raises:
        VideoReadError: decord cannot open the file, or would misplace its frames.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        import decord

        if container_of(path) in ('mpeg', 'asf'):
            raise VideoReadError(
                path, 'decord misplaces frames of such files (MPEG, Windows Media)'
            )
        decord.logging.set_level(decord.logging.QUIET)
        try:
            self._reader = self._open()
            keys = self._reader.get_key_indices()
            first_time = float(self._reader.get_frame_timestamp([0])[0, 0])
        except _errors() as error:
            raise VideoReadError(self.path, _reason(error, self.path)) from None
        self._timeless = first_time < -1e9  # far below zero stands for "no time"
        if not self._timeless and (first_time < 0 or keys[:1] != [0]):
            # A cut without re-encoding keeps frames that are not to be shown.
            raise VideoReadError(self.path, 'frames that an edit list hides would be counted')

    def __len__(self) -> int:
        return len(self._reader)

    @property
    def fps(self) -> float:
        return float(self._reader.get_avg_fps())

    def close(self) -> None:
        self._reader = None

    def _open(self) -> 'decord.VideoReader':
        import decord

        # Without a tolerance decord hands out copies of neighbouring frames in the
        # place of those that it could not decode.
        return decord.VideoReader(self.path, num_threads=1, fault_tol=1e-9)

    def _decode(self, indices: np.ndarray) -> np.ndarray:
        try:
            if self._timeless:
                return self._decode_in_order(indices)
            return self._reader.get_batch(indices).asnumpy()
        except _errors() as error:
            raise VideoReadError(self.path, _reason(error, self.path)) from None

    def _decode_in_order(self, indices: np.ndarray) -> np.ndarray:
        """Decode from the start, frame by frame: decord seeks and skips by times."""
        wanted = set(indices.tolist())
        reader = self._open()
        frames = []
        for number in range(int(indices[-1]) + 1):
            frame = reader.next()
            if number in wanted:
                frames.append(frame.asnumpy())
        return np.stack(frames)


def _errors() -> tuple[type[Exception], ...]:
    """What decord raises: its own two, and Python's for no file, frame, time or next frame."""
    import decord

    own = (decord.DECORDError, decord.DECORDLimitReachedError)
    return (*own, RuntimeError, AssertionError, IndexError, StopIteration)


def _reason(error: BaseException, path: str) -> str:
    """Say in words what decord says in its own; else keep it, less its source files."""
    text = str(error)
    for hint, words in _WORDS.items():
        if hint in text:
            return words
    return one_line(_ORIGIN.sub('', text).replace(f'[{path}]', ''))
