"""Turn frames decoded by FFmpeg into pictures as a player shows them."""

from fractions import Fraction
from functools import lru_cache
from math import atan2, pi

import av
import numpy as np
from av.video.reformatter import VideoReformatter

# Since PyAV 17, the colour conversion uses as many threads as there are cores.
_ONE_THREAD = {'threads': 1} if int(av.__version__.split('.')[0]) >= 17 else {}
_ROUNDING = Fraction(1, 50)  # of the pixel aspect ratio


class PictureMaker:
    """Turns frames of one stream into RGB pictures, see `VideoReader`.

    Args:
        context: The decoder of the frames, before it decodes the first one.
        aspect: Aspect ratio of pixels from the container; 0 if it has none.
        square_pixels: Resize pictures whose pixels are not square.
    """

    def __init__(
        self, context: av.VideoCodecContext, aspect: Fraction, square_pixels: bool = True
    ) -> None:
        self._reformatter = VideoReformatter()
        self._context = context
        self._square = square_pixels
        # The container's aspect ratio is for all pictures; that of pictures may change.
        same = aspect == (context.sample_aspect_ratio or 0)
        self._fixed = None if same else aspect or Fraction(1)

    def width(self, stored: int) -> int:
        """Width of a picture that is stored in ``stored`` columns."""
        if not self._square:
            return stored
        aspect = self._fixed or self._context.sample_aspect_ratio or Fraction(1)
        return _square_width(stored, aspect.numerator, aspect.denominator)

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """One decoded frame -> (H, W, 3) uint8."""
        turns, mirrored = orientation(frame)
        if frame.interlaced_frame and frame.format.name in ('yuv420p', 'yuvj420p'):
            # Otherwise FFmpeg would convert the colours of each field separately, unlike
            # the other readers; a copy is not marked as interlaced.
            copy = av.VideoFrame.from_ndarray(frame.to_ndarray(), format=frame.format.name)
            copy.colorspace, copy.color_range = frame.colorspace, frame.color_range
            frame = copy
        width = self.width(frame.width)
        plane = self._reformatter.reformat(
            frame, width=width, format='rgb24', **_ONE_THREAD
        ).planes[0]
        lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        picture = lines[: plane.height, : 3 * plane.width].reshape(plane.height, plane.width, 3)
        if mirrored:
            picture = picture[:, ::-1]
        return np.ascontiguousarray(np.rot90(picture, turns)) if turns or mirrored else picture


@lru_cache(maxsize=64)  # most pictures of a file have one size, and fractions are slow
def _square_width(stored: int, numerator: int, denominator: int) -> int:
    """Width of a picture whose pixels have this aspect ratio, in square pixels."""
    aspect = Fraction(numerator, denominator)
    return stored if abs(aspect - 1) <= _ROUNDING else max(1, round(stored * aspect))


def orientation(frame: av.VideoFrame) -> tuple[int, bool]:
    """Counter-clockwise quarter turns, after mirroring from left to right if that is True."""
    matrix = frame.side_data.get('DISPLAYMATRIX')
    if matrix is None:
        return 0, False
    a, b, _, c, d = np.frombuffer(matrix, np.int32, 5).astype(float)
    mirrored = bool(a * d - b * c < 0)
    if mirrored:
        a, b = -a, -b
    return round(-atan2(b, a) * 2 / pi) % 4, mirrored
