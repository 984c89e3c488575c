"""Reader over decord, the default: the fastest at random access to H.264."""

import os
import re

import numpy as np
import torch  # noqa: F401  decord loaded before torch ends in a segmentation fault

from mmvideomae.datasets.readers.base import VideoReader, VideoReadError, one_line

# '[06:05:55] /github/workspace/src/video/video_reader.cc:486: ' opens each decord message.
_ORIGIN = re.compile(r'\[\d\d:\d\d:\d\d\] \S+?\.(?:cc|h):\d+: ')


class DecordReader(VideoReader):
    """Frames through decord 0.6.

    Args:
        path: A video file.

    Raises:
        VideoReadError: decord cannot open the file, or counts its frames wrongly.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        import decord

        decord.logging.set_level(decord.logging.QUIET)
        try:
            # Without a fault tolerance decord returns copies of neighbouring
            # frames in the place of frames that it could not decode.
            self._reader = decord.VideoReader(self.path, num_threads=1, fault_tol=1e-9)
            keys = self._reader.get_key_indices()
            first_time = float(self._reader.get_frame_timestamp([0])[0, 0])
        except (*_errors(), AssertionError) as error:
            raise VideoReadError(self.path, _reason(error)) from None
        # An edit list hides frames (stream-copied cuts).  decord counts them all
        # the same, and then reads shifted frames.
        if first_time < 0 or not keys or keys[0] != 0:
            raise VideoReadError(self.path, 'decord counts frames that are not to be shown')

    def __len__(self) -> int:
        return len(self._reader)

    @property
    def fps(self) -> float:
        return float(self._reader.get_avg_fps())

    def _decode(self, indices: np.ndarray) -> np.ndarray:
        try:
            return self._reader.get_batch(indices).asnumpy()
        except _errors() as error:
            raise VideoReadError(self.path, _reason(error)) from None

    def close(self) -> None:
        self._reader = None


def _errors() -> tuple[type[Exception], ...]:
    import decord

    return decord.DECORDError, decord.DECORDLimitReachedError, RuntimeError


def _reason(error: BaseException) -> str:
    """Keep of decord's message what it says, not where in its source."""
    text = _ORIGIN.sub('', str(error))
    if text.startswith('Error reading'):  # it repeats the path and nothing else
        text = 'decord finds no video in it'
    return one_line(text)
