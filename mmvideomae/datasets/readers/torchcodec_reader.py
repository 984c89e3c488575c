"""Reader over torchcodec, an optional extra that brings no FFmpeg of its own."""

import os
from typing import TYPE_CHECKING

import numpy as np
import torch

from mmvideomae.datasets.readers.base import VideoReader, VideoReadError, one_line
from mmvideomae.datasets.readers.containers import container_of

if TYPE_CHECKING:
    from torchcodec.decoders import VideoDecoder


class TorchCodecReader(VideoReader):
    """Frames through torchcodec, which needs FFmpeg's shared libraries on the machine.

    torchcodec finds frames by their times.  AVI stores none, and there the reader
    decodes from the start of the file.

    Args:
        path: A video file.

    Raises:
        ImportError: torchcodec is not installed, or does not find FFmpeg.
        VideoReadError: torchcodec cannot open the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self._decoder = self._open()
        self._length = len(self._decoder)
        self._timeless = container_of(path) == 'avi'
        if not self._length:
            raise VideoReadError(self.path, 'it holds no frame that can be decoded')

    def __len__(self) -> int:
        return self._length

    @property
    def fps(self) -> float:
        # The header's rate is a nominal one where the rate varies.
        return float(self._decoder.metadata.average_fps or 0.0)

    def close(self) -> None:
        self._decoder = None

    def _open(self) -> 'VideoDecoder':
        try:
            from torchcodec.decoders import VideoDecoder

            return VideoDecoder(
                self.path, dimension_order='NHWC', num_ffmpeg_threads=1, device='cpu'
            )
        except (RuntimeError, ValueError) as error:
            if 'libtorchcodec' in str(error):  # eighty lines about every FFmpeg it tried
                raise ImportError(
                    "reader 'torchcodec' finds no FFmpeg libraries: install FFmpeg"
                ) from None
            raise VideoReadError(self.path, _reason(error)) from None

    def _decode(self, indices: np.ndarray) -> np.ndarray:
        try:
            if self._timeless:
                return self._decode_in_order(indices)
            return self._decoder.get_frames_at(indices.tolist()).data.numpy()
        except (RuntimeError, IndexError) as error:
            raise VideoReadError(self.path, _reason(error)) from None

    def _decode_in_order(self, indices: np.ndarray) -> np.ndarray:
        from torchcodec._core import get_next_frame  # the public steps all go by times

        wanted = set(indices.tolist())
        decoder = self._open()._decoder
        frames = []
        for number in range(int(indices[-1]) + 1):
            frame: torch.Tensor = get_next_frame(decoder)[0]
            if number in wanted:
                frames.append(frame.numpy())
        return np.stack(frames)


def _reason(error: BaseException) -> str:
    """Keep the last clause; before it stand names of functions and of source files."""
    text = str(error)
    return one_line(text.split('.cpp:', 1)[-1].split(', ', 1)[-1] if '.cpp:' in text else text)
