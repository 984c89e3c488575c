"""A reader based on torchcodec, an optional extra that does not include FFmpeg."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import torch

from mmvideomae.errors import one_line
from mmvideomae.storage.remote import local_copy
from mmvideomae.video.readers.base import TimedReader, VideoReadError
from mmvideomae.video.readers.limits import ReadLimits
from mmvideomae.video.readers.pyav_reader import PyAVReader

if TYPE_CHECKING:
    from torchcodec.decoders import VideoDecoder


class TorchCodecReader(TimedReader):
    """Read frames with torchcodec, which needs FFmpeg's shared libraries on the machine.

    PyAV inspects the file first and gets the times of its frames, by which torchcodec finds
    them; a file without times is decoded from its start.

    Args:
        path: A video file.
        limits: Limits of the resources that it may need.
        square_pixels: Refuse pictures whose pixels are not square instead of keeping them so.

    Raises:
        ImportError: torchcodec or PyAV is not installed, or does not find FFmpeg.
        VideoReadError: torchcodec cannot open the file, or would show other pictures.
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
        exact = PyAVReader(path, self.limits, square_pixels)
        with exact:
            traits = exact.traits()
            self._times, self._fps = exact.times, exact.fps
        self._timeless = not traits.timed
        self._decoder = self._open()
        reason = '' if traits.upright else 'does not show pixels that are not square'
        if len(self._decoder) != len(self._times):
            reason = f'counts {len(self._decoder)} frames of {len(self._times)}'
        if reason:
            raise VideoReadError(path, f"torchcodec {reason}: use backend 'auto' or 'pyav'")

    def close(self) -> None:
        self._decoder = None
        self._copy.close()

    def _open(self) -> 'VideoDecoder':
        try:
            from torchcodec.decoders import VideoDecoder

            return VideoDecoder(
                self._local,
                dimension_order='NHWC',
                num_ffmpeg_threads=1,
                device='cpu',
            )
        except (RuntimeError, ValueError) as error:
            if 'libtorchcodec' in str(error):  # followed by eighty lines about FFmpeg
                raise ImportError(
                    "reader 'torchcodec' finds no FFmpeg libraries: install FFmpeg"
                ) from None
            raise VideoReadError(self.path, _reason(error)) from None

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        try:
            if self._timeless:
                yield from self._decode_in_order(indices)
            else:
                for index in indices.tolist():
                    yield index, self._decoder.get_frame_at(index).data.numpy()
        except (RuntimeError, IndexError) as error:
            raise VideoReadError(self.path, _reason(error)) from None

    def _decode_in_order(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        from torchcodec._core import get_next_frame  # the public functions all use times

        wanted = set(indices.tolist())
        decoder = self._open()._decoder
        for number in range(int(indices[-1]) + 1):
            frame: torch.Tensor = get_next_frame(decoder)[0]
            if number in wanted:
                yield number, frame.numpy()


def _reason(error: BaseException) -> str:
    """The last clause, without the names of functions and source files before it."""
    text = str(error)
    return one_line(text.split('.cpp:', 1)[-1].split(', ', 1)[-1] if '.cpp:' in text else text, 200)
