"""Sample clips as a config's training does, but at a chosen place of the video."""

from dataclasses import dataclass

import numpy as np
from mmengine import Config

from mmvideomae.configs import training_step
from mmvideomae.ops.seconds import frames_at
from mmvideomae.video.readers import VideoReader


@dataclass(frozen=True)
class ClipSampling:
    """Length, frame rate and size of the clips.

    Attributes:
        clip_len: Frames of a clip.
        stride: Distance between its frames; None if ``fps`` is given.
        fps: Frames of a clip per second; None if ``stride`` is given.
        size: Height and width in pixels.
    """

    clip_len: int
    stride: int | None
    fps: float | None
    size: tuple[int, int]

    def indices(
        self, reader: VideoReader, start: float | None = None, stride: int | None = None
    ) -> np.ndarray:
        """Frame numbers of the clip (T,); past the end, the last frame reached is repeated.

        Args:
            start: Start of the clip in seconds; by default, the clip is in the middle of the video.
            stride: Replaces the distance between frames.

        Raises:
            ValueError: ``start`` is beyond the end.
        """
        stride = stride or self.stride
        if stride is None:
            return self._of_seconds(reader, start)
        total, span = len(reader), (self.clip_len - 1) * stride + 1
        first = max(0, (total - span) // 2) if start is None else round(start * reader.fps)
        if not 0 <= first < total:
            raise ValueError(_beyond(reader, total / reader.fps, start))
        indices = first + np.arange(self.clip_len) * stride
        return np.minimum(indices, indices[indices < total][-1])

    def _of_seconds(self, reader: VideoReader, start: float | None) -> np.ndarray:
        offsets = np.arange(self.clip_len) / (self.fps or 1)
        length = reader.duration - float(reader.times[0])
        first = max(0.0, (length - float(offsets[-1])) / 2) if start is None else start
        if not 0 <= first < length:
            raise ValueError(_beyond(reader, length, start))
        # Start exactly at a frame, so that equal steps in time are equal steps in frames.
        begin = float(reader.times[frames_at(reader.times, reader.times[0] + first)])
        moments = begin - float(reader.times[0]) + offsets
        reached = np.minimum(moments, moments[moments < length][-1])
        return frames_at(reader.times, reader.times[0] + reached)


def sampling_of(cfg: Config) -> ClipSampling | None:
    """The clips of a config's training; None if its pipeline samples none."""
    dense, by_rate = (training_step(cfg, kind) for kind in ('SampleClip', 'SampleFps'))
    # Files of codes are made from pictures of that size.
    crop = training_step(cfg, 'ClipMultiScaleCrop', 'DiagonalCrop', 'OpenCodes', 'OpenLmdbCodes')
    sample = dense or by_rate
    if sample is None or crop is None:
        return None
    size = crop['size']
    sides = (size, size) if isinstance(size, int) else tuple(size)
    return ClipSampling(sample['clip_len'], sample.get('stride'), sample.get('fps'), sides)


def _beyond(reader: VideoReader, length: float, start: float | None) -> str:
    return f'{reader.path} is {length:.2f} s long and has no frame at {start} s'
