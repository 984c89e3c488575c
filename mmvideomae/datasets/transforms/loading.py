"""From a record to the frames of its clips: open, read."""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from torch.utils.data import get_worker_info

from mmvideomae.registry import TRANSFORMS
from mmvideomae.video.readers import (
    FileKey,
    FrameFolderReader,
    GuardedReader,
    ReadLimits,
    VideoReader,
    VideoReadError,
    index_key_of,
    open_reader,
)


class BlankReader(VideoReader):
    """Zero frames in the place of a video that cannot be decoded but has to be counted."""

    def __len__(self) -> int:
        return 300

    @property
    def fps(self) -> float:
        return 30.0

    def close(self) -> None:
        pass

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        for index in indices.tolist():
            yield index, np.zeros((240, 320, 3), dtype=np.uint8)


@TRANSFORMS.register_module()
class OpenVideo(BaseTransform):
    """Open the video file or frame folder of a record.

    Required Keys:

    - filename
    - filename_tmpl (optional: then ``filename`` is a folder of frames)
    - start_index (optional: number of the first frame; 0 for a file, the
      lowest in a folder)
    - total_frames (optional: frames from there on; absent or negative: all)
    - fps (optional: frames per second of a folder, 25 if absent)
    - undecodable (optional: True puts zero frames in the place of the video)

    Added Keys:

    - video_reader
    - frame_times: when each frame of the record appears, in seconds from the video's first,
      float64 ``(total_frames,)``
    - frames_end: when the last of them disappears

    Modified Keys:

    - total_frames: frames of the record that exist
    - start_index: what to add to a frame of the record to get a frame of the reader
    - fps, avg_fps: frames per second

    Args:
        backend: Reader of video files, see `mmvideomae.video.readers.open_reader`.
        limits: How much a video may ask for, by the names of
            `mmvideomae.video.readers.ReadLimits`: ``pixels`` of a picture, ``frames`` of a
            video, ``bytes`` of a clip.
        square_pixels: Show pictures whose pixels are not square as a player does.  The released
            code of the papers takes them as they are stored.
        deadline: Seconds that opening and reading a clip may take in a worker of a data loader.  A
            decoder that takes longer is ended, as is one that crashes, and its video cannot be
            read; to that end each worker has a process that reads for it.  None: workers read by
            themselves, and end with a decoder that crashes.

    Raises:
        VideoReadError: The video cannot be opened, or ends before the record begins.
        ValueError: The deadline is not positive.
    """

    def __init__(
        self,
        backend: str = 'auto',
        limits: Mapping[str, int] | None = None,
        square_pixels: bool = True,
        deadline: float | None = 30.0,
        index_folder: str | None = None,
    ) -> None:
        if deadline is not None and deadline <= 0:
            raise ValueError(f'deadline must be positive seconds or None, got {deadline}')
        self.backend = backend
        self.limits = ReadLimits(**(limits or {}))
        self.square_pixels = square_pixels
        self.deadline = deadline
        self.index_folder = index_folder

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        path = results['filename']
        if results.get('undecodable', False):
            reader: VideoReader = BlankReader(path)
            results.update(total_frames=len(reader), start_index=0)
        elif 'filename_tmpl' in results:
            reader = self._open_folder(results)
            results.update(total_frames=len(reader), start_index=0)
        else:
            chosen = (self.backend, self.limits, self.square_pixels)
            opening = partial(open_reader, path, *chosen, self.index_folder)
            reader = self._open(path, opening, index_key_of(path, *chosen))
            start, wanted = results.get('start_index', 0), results.get('total_frames', -1)
            left = len(reader) - start
            if left < 1:
                reason = f'it has {len(reader)} frames and the record begins at frame {start}'
                reader.close()
                raise VideoReadError(path, reason)
            results.update(total_frames=min(left, wanted) if wanted > 0 else left)
            results.update(start_index=start)
        results.update(video_reader=reader, fps=reader.fps, avg_fps=reader.fps)
        first, stop = (results['start_index'] + n for n in (0, results['total_frames']))
        times = reader.times
        results['frame_times'] = times[first:stop]
        results['frames_end'] = float(times[stop]) if stop < len(times) else reader.duration
        return results

    def _open(
        self, path: str, opening: Callable[[], VideoReader], key: FileKey | None = None
    ) -> VideoReader:
        """Open a video here, or in the process that reads for a worker."""
        if self.deadline is None or get_worker_info() is None or sys.platform != 'linux':
            return opening()
        return GuardedReader(path, opening, self.deadline, key, self.index_folder)

    def _open_folder(self, results: dict[str, Any]) -> VideoReader:
        folder, total = results['filename'], results.get('total_frames', -1)
        opening = partial(
            FrameFolderReader,
            folder,
            filename_tmpl=results['filename_tmpl'],
            start=results.get('start_index'),
            total=total if total > 0 else None,
            fps=results.get('fps', 25.0),
        )
        return self._open(folder, opening)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(backend={self.backend!r}, limits={self.limits}, '
            f'square_pixels={self.square_pixels}, deadline={self.deadline}, '
            f'index_folder={self.index_folder!r})'
        )


@TRANSFORMS.register_module()
class ReadFrames(BaseTransform):
    """Read the sampled frames and close the video.

    The keys are mmaction2's, so that its crops, flips and formats work afterwards.

    Required Keys:

    - video_reader
    - frame_inds

    Added Keys:

    - imgs: uint8 ``(T, H, W, 3)`` RGB
    - original_shape, img_shape: ``(H, W)`` of imgs
    - frame_seconds: when each frame appears in the video, float64 ``(T,)``

    Removed Keys:

    - video_reader

    Args:
        short_side: Resize each frame when it is decoded, as `ClipResizeShortSide` would: a long
            window of large frames does not fit in memory.  None: frames keep their size.

    Raises:
        VideoReadError: A frame cannot be decoded.
        ValueError: The length is not positive.
    """

    def __init__(self, short_side: int | None = None) -> None:
        if short_side is not None and short_side < 1:
            raise ValueError(f'short_side must be positive, got {short_side}')
        self.short_side = short_side

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        with results.pop('video_reader') as reader:
            imgs = reader.read(results['frame_inds'], self.short_side)
            results['frame_seconds'] = reader.times[results['frame_inds']]
        results.update(imgs=imgs, original_shape=imgs.shape[1:3], img_shape=imgs.shape[1:3])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(short_side={self.short_side})'
