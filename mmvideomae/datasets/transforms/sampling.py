"""Sample the frames of clips from a video."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmvideomae.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SampleClip(BaseTransform):
    """Draw the frames of one dense clip (VideoMAE and VideoMAE V2, official pre-training).

    The first frame is uniform over ``total_frames - clip_len * stride + 1`` places, or 0 if
    that is less than 1.  Each next frame is ``stride`` later as long as it is before the
    last frame of the video; a shorter video repeats the last frame reached.  (The official
    code never reaches the very last frame; with the published strides of 2 and 4, this
    affects only videos shorter than the clip.)

    In test mode, the clip is in the middle.

    Required Keys:

    - total_frames
    - start_index (optional)
    - stride (optional: the record's own stride, which has priority)

    Added Keys:

    - frame_inds: int64 ``(clip_len,)``
    - clip_len, frame_interval, num_clips: as in mmaction2's `SampleFrames`

    Args:
        clip_len: Frames in the clip.
        stride: Distance between two frames of the clip, in frames.
        test_mode: Use the middle of the video instead of a random place.
    """

    def __init__(self, clip_len: int, stride: int, test_mode: bool = False) -> None:
        if clip_len < 1 or stride < 1:
            raise ValueError(f'clip_len and stride must be positive, got {clip_len} and {stride}')
        self.clip_len = clip_len
        self.stride = stride
        self.test_mode = test_mode

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        total, stride = results['total_frames'], results.get('stride', self.stride)
        frames = self._first_frame(total, stride) + np.arange(self.clip_len) * stride
        reachable = frames < (total if self.test_mode else total - 1)
        reachable[0] = True
        frames = np.where(reachable, frames, frames[reachable][-1])
        results['frame_inds'] = frames + results.get('start_index', 0)
        results.update(clip_len=self.clip_len, frame_interval=stride, num_clips=1)
        return results

    def _first_frame(self, total: int, stride: int) -> int:
        if self.test_mode:
            return max(total - (self.clip_len - 1) * stride - 1, 0) // 2
        places = total - self.clip_len * stride + 1
        return int(np.random.randint(places)) if places > 0 else 0

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(clip_len={self.clip_len}, stride={self.stride}, '
            f'test_mode={self.test_mode})'
        )


@TRANSFORMS.register_module()
class SampleDenseClips(BaseTransform):
    """Frames of dense clips for classification (VideoMAE and V2, official fine-tuning).

    A clip spans ``clip_len * stride`` frames.  In training, the end of the span is uniform
    over ``span, ..., total_frames - 1`` and the frames are spread evenly from the first to
    the last of the span, so their distance is about ``span / (clip_len - 1)``, not exactly
    ``stride``.  A video not longer than the span gives ``total_frames // stride`` frames
    spread over all of it, and copies of its last frame fill the clip; one shorter than
    ``stride`` gives only its last frame.

    In test mode:

    - ``num_clips=1`` uses the span in the middle, spread in the same way (the validation
      of V2; that of V1 is random);
    - more clips use every ``stride``-th frame of the whole video, with the last one
      repeated up to ``clip_len``, and are taken from this list at even steps from its
      start to its end.  So all clips share one phase, and those of a short video are
      equal.  (The official rule divides by zero for one clip.)

    Required Keys:

    - total_frames
    - start_index (optional)
    - stride (optional: the record's own stride, which has priority)

    Added Keys:

    - frame_inds: int64 ``(num_clips * clip_len,)``, clip after clip
    - clip_len, frame_interval, num_clips: as in mmaction2's `SampleFrames`

    Args:
        clip_len: Frames in a clip.
        stride: Distance between two frames of a clip, in frames.
        num_clips: Clips per video, in test mode.
        test_mode: Do not draw randomly.
    """

    def __init__(
        self, clip_len: int, stride: int, num_clips: int = 1, test_mode: bool = False
    ) -> None:
        if stride < 1:
            raise ValueError(f'stride must be positive, got {stride}')
        _check_clips(clip_len, num_clips, test_mode)
        self.clip_len = clip_len
        self.stride = stride
        self.num_clips = num_clips
        self.test_mode = test_mode

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        total, stride = results['total_frames'], results.get('stride', self.stride)
        frames = (self._cut if self.num_clips > 1 else self._spread)(total, stride)
        results['frame_inds'] = frames + results.get('start_index', 0)
        results.update(clip_len=self.clip_len, frame_interval=stride, num_clips=self.num_clips)
        return results

    def _spread(self, total: int, stride: int) -> np.ndarray:
        """One clip: frames spread evenly over its span -> (T,)."""
        span = self.clip_len * stride
        if total <= span:
            frames = np.linspace(0, total, num=total // stride)
            frames = np.append(frames, np.full(self.clip_len - len(frames), total))
            return np.clip(frames, 0, total - 1).astype(np.int64)
        end = (span + total) // 2 if self.test_mode else int(np.random.randint(span, total))
        start = end - span
        frames = np.linspace(start, end, num=self.clip_len)
        return np.clip(frames, start, end - 1).astype(np.int64)

    def _cut(self, total: int, stride: int) -> np.ndarray:
        """All clips from the strided list of frames -> (S * T,)."""
        strided = np.arange(0, total, stride)
        missing = max(self.clip_len - len(strided), 0)
        strided = np.append(strided, np.full(missing, strided[-1]))
        step = (len(strided) - self.clip_len) / (self.num_clips - 1)
        starts = [int(number * step) for number in range(self.num_clips)]
        return np.concatenate([strided[start : start + self.clip_len] for start in starts])

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(clip_len={self.clip_len}, stride={self.stride}, '
            f'num_clips={self.num_clips}, test_mode={self.test_mode})'
        )


@TRANSFORMS.register_module()
class SampleSegments(BaseTransform):
    """Frames of sparse clips, one from each segment of the video (TSN; Something-Something).

    The video is divided into ``clip_len`` segments of ``total_frames // clip_len`` frames.
    A training clip takes a random frame from each.  A video shorter than ``clip_len`` is
    preceded by copies of its first frame (V2; V1 fails in this case).

    In test mode:

    - ``num_clips=1`` takes the middle frame of each segment (the validation of V2);
    - more clips take frames ``(s / num_clips + x) * total_frames / clip_len``, rounded
      down, for clip s and segment x: the clips interleave, and those of a short video
      repeat frames.  (V2's rule; that of V1 is the same for its two clips.)

    Required Keys:

    - total_frames
    - start_index (optional)

    Added Keys:

    - frame_inds: int64 ``(num_clips * clip_len,)``, clip after clip
    - clip_len, num_clips: as in mmaction2's `SampleFrames`

    Args:
        clip_len: Frames in a clip.
        num_clips: Clips per video, in test mode.
        test_mode: Do not draw randomly.
    """

    def __init__(self, clip_len: int, num_clips: int = 1, test_mode: bool = False) -> None:
        _check_clips(clip_len, num_clips, test_mode)
        self.clip_len = clip_len
        self.num_clips = num_clips
        self.test_mode = test_mode

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        total = results['total_frames']
        frames = self._interleave(total) if self.num_clips > 1 else self._one_each(total)
        results['frame_inds'] = frames + results.get('start_index', 0)
        results.update(clip_len=self.clip_len, num_clips=self.num_clips)
        return results

    def _one_each(self, total: int) -> np.ndarray:
        """One clip -> (T,)."""
        length = total // self.clip_len
        if length == 0:
            return np.maximum(np.arange(self.clip_len) - (self.clip_len - total), 0)
        starts = np.arange(self.clip_len) * length
        if self.test_mode:
            return starts + length // 2
        return starts + np.random.randint(length, size=self.clip_len)

    def _interleave(self, total: int) -> np.ndarray:
        """All clips -> (S * T,)."""
        length = total / self.clip_len
        frames = [
            int(clip * length / self.num_clips + length * segment)
            for clip in range(self.num_clips)
            for segment in range(self.clip_len)
        ]
        ordered = np.sort(np.array(frames, dtype=np.int64))
        return ordered.reshape(self.clip_len, self.num_clips).T.reshape(-1)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(clip_len={self.clip_len}, num_clips={self.num_clips}, '
            f'test_mode={self.test_mode})'
        )


def _check_clips(clip_len: int, num_clips: int, test_mode: bool) -> None:
    if clip_len < 1 or num_clips < 1:
        raise ValueError(f'clip_len and num_clips must be positive, got {clip_len}, {num_clips}')
    if num_clips > 1 and not test_mode:
        raise ValueError(
            f'num_clips={num_clips} needs test_mode=True; several training samples of one '
            'decoded clip are made by RepeatAugment'
        )
