"""Reader over torchcodec, an optional extra that brings no FFmpeg of its own."""

import os

import numpy as np

from mmvideomae.datasets.readers.base import VideoReader, VideoReadError, one_line


class TorchCodecReader(VideoReader):
    """Frames through torchcodec, which needs FFmpeg's shared libraries on the machine.

    Args:
        path: A video file.

    Raises:
        ImportError: torchcodec is not installed, or does not find FFmpeg.
        VideoReadError: torchcodec cannot open the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        decoder_type = _decoder_type()
        try:
            self._decoder = decoder_type(
                self.path, dimension_order='NHWC', num_ffmpeg_threads=1, device='cpu'
            )
            length = len(self._decoder)
        except (RuntimeError, ValueError) as error:
            raise VideoReadError(self.path, _reason(error)) from None
        if not length:
            raise VideoReadError(self.path, 'it holds no frame that can be decoded')

    def __len__(self) -> int:
        return len(self._decoder)

    @property
    def fps(self) -> float:
        metadata = self._decoder.metadata
        return float(metadata.average_fps_from_header or metadata.average_fps or 0.0)

    def _decode(self, indices: np.ndarray) -> np.ndarray:
        try:
            return self._decoder.get_frames_at(indices.tolist()).data.numpy()
        except RuntimeError as error:
            raise VideoReadError(self.path, _reason(error)) from None

    def close(self) -> None:
        self._decoder = None


def _decoder_type() -> type:
    """Import torchcodec; a missing FFmpeg is told in one line instead of eighty."""
    try:
        from torchcodec import _core  # noqa: F401  loads the libraries
        from torchcodec.decoders import VideoDecoder
    except ImportError:
        raise ImportError("reader 'torchcodec': pip install torchcodec") from None
    except (RuntimeError, OSError) as error:
        raise ImportError(
            f"reader 'torchcodec' finds no FFmpeg libraries; install FFmpeg ({one_line(error)})"
        ) from None
    return VideoDecoder


def _reason(error: BaseException) -> str:
    return one_line(error)
