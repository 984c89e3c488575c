"""Compute the codes of whole videos in all views, decoding every frame once."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from mmvideomae.apis.features.read_ahead import ReadAhead
from mmvideomae.apis.inference import OnProgress
from mmvideomae.datasets.transforms import DiagonalCrop
from mmvideomae.formats.code_files import CodeInfo, CodeWriter
from mmvideomae.ops.codes import encode_frames
from mmvideomae.ops.seconds import resample_frames
from mmvideomae.video.streams import FileStream, FolderStream, open_stream


class Squares(NamedTuple):
    """Views of some frames of a video, and the number of uses of each frame."""

    pixels: np.ndarray
    """uint8 (n, V, S, S, 3)."""
    repeats: list[int]
    """(n,)."""


class CodeExtractor:
    """Write the codes of videos to files that `OpenCodes` reads.

    The codes are those that a model's data preprocessor computes from the same frames: the
    frames of a second are those of `SampleFps`, the views those of `DiagonalCrop`.  Frames are
    decoded, resized and cropped in a thread beside the tokenizer, which gets many at a time.
    Memory use does not depend on the length of the video.

    Args:
        tokenizer: A `Tokenizer` in evaluation mode, on its device.
        fps: Frames of codes per second.
        size: Side of the views in pixels.
        scales, positions, flip: The views, see `DiagonalCrop`.
        batch_size: Number of views to encode at a time.
        filename_tmpl, folder_fps: Names of the files, and frame rate, of folders of frames.

    Raises:
        ValueError: A number is out of range, or the size is not a multiple of the tokenizer's
            factor.
    """

    def __init__(
        self,
        tokenizer: Any,
        fps: float,
        size: int,
        scales: Sequence[float] = (1.0,),
        positions: Sequence[str] = ('centre',),
        flip: bool = False,
        batch_size: int = 64,
        filename_tmpl: str = 'img_{:05}.jpg',
        folder_fps: float = 25.0,
    ) -> None:
        if min(batch_size, fps, folder_fps) <= 0:
            raise ValueError(
                f'batch_size and frames per second must be positive, got {batch_size}, {fps}, '
                f'{folder_fps}'
            )
        self.tokenizer, self.batch_size = tokenizer, batch_size
        self.filename_tmpl, self.folder_fps = filename_tmpl, folder_fps
        self.crop = DiagonalCrop(size, scales, positions, flip, test_mode=True)
        self.info = CodeInfo(
            type(tokenizer).__name__,
            tokenizer.fingerprint(),
            tokenizer.num_codes,
            tokenizer.factor,
            fps,
            size,
            tuple(view.name for view in self.crop.views),
        )
        self._device = next(tokenizer.parameters()).device

    def save(
        self,
        video: str | os.PathLike[str],
        folder: str | os.PathLike[str],
        video_id: str,
        progress: OnProgress | None = None,
    ) -> int:
        """Write all views of a video; the files appear when the video is finished.

        Args:
            video: A file or a folder of frames.
            folder: Folder of the codes.

        Returns:
            Number of frames of codes.

        Raises:
            VideoReadError: The video cannot be read.
            OSError: A file cannot be written.
        """
        stream = open_stream(video, self.filename_tmpl, self.folder_fps)
        with stream:
            frames = resample_frames(stream.times, stream.duration, self.info.fps)
            views, grid = self.info.views, self.info.grid
            with CodeWriter(folder, video_id, views, len(frames), grid) as file:
                done = 0
                for codes in self._codes(stream, frames):
                    file.append(codes)
                    done += len(codes)
                    if progress:
                        progress(done, len(frames))
        return len(frames)

    def _codes(self, stream: FileStream | FolderStream, frames: np.ndarray) -> Iterator[np.ndarray]:
        """Codes (n, V, h, w) of successive groups of frames."""
        with ReadAhead(self._squares(stream, frames)) as batches:
            for pixels, repeats in batches:
                flat = torch.from_numpy(pixels.reshape(-1, *pixels.shape[2:])).to(self._device)
                codes = encode_frames(self.tokenizer.encode, flat, self.batch_size).cpu().numpy()
                codes = codes.reshape(*pixels.shape[:2], *self.info.grid)
                yield np.repeat(codes, repeats, axis=0)

    def _squares(self, stream: FileStream | FolderStream, frames: np.ndarray) -> Iterator[Squares]:
        """Batches of distinct frames; a video with a low rate uses some several times."""
        numbers, repeats = np.unique(frames, return_counts=True)
        size, views = self.crop.size, self.crop.views
        most = max(self.batch_size // len(views), 1)
        pictures = stream.in_order(numbers.tolist())
        for start in range(0, len(numbers), most):
            counts = repeats[start : start + most].tolist()
            pixels = np.empty((len(counts), len(views), size, size, 3), np.uint8)
            for place in pixels:
                place[:] = self.crop.cut(next(pictures)[1], views)
            yield Squares(pixels, counts)
