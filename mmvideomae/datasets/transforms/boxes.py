"""Transforms of clips with boxes of people.

Boxes are float32 (n, 4), x1, y1, x2, y2 relative to the current frame: resizing does not change
them, `ClipRandomCropBoxes` and `ClipFlip` do.  ``crop`` and ``flip`` allow to undo that: the frame
shows the part ``crop`` (x1, y1, x2, y2, relative) of the original frame, mirrored if ``flip``.
"""

import math
from typing import Any

import cv2
import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform
from mmengine.structures import InstanceData

from mmvideomae.registry import TRANSFORMS
from mmvideomae.video.readers import VideoReadError, short_side_shape

_MOST_BYTES = 2**30  # of a resized clip
_WHOLE = (0.0, 0.0, 1.0, 1.0)
_WITH_BOXES = {
    'gt_boxes': ('gt_labels', 'person_ids'),
    'proposals': ('proposal_scores',),
}
"""For each kind of boxes, the entries that belong to them row by row."""


@TRANSFORMS.register_module()
class ClipResizeShortSide(BaseTransform):
    """Resize all frames so that the short side has a given length, keeping the aspect ratio.

    The long side is rounded down.  The interpolation is OpenCV's bilinear one on uint8.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)``

    Modified Keys:

    - imgs: contiguous
    - img_shape

    Args:
        short_side: Length in pixels, or the least and the largest (inclusive) between which it is
            drawn for each clip.
        max_long: Maximum of the long side, for which the short side is reduced.

    Raises:
        VideoReadError: Frames are so long and narrow that they would take gigabytes.
    """

    def __init__(self, short_side: int | tuple[int, int], max_long: int | None = None) -> None:
        low, high = (short_side, short_side) if isinstance(short_side, int) else short_side
        if not 0 < low <= high or (max_long is not None and max_long < low):
            raise ValueError(
                f'short_side must be positive and ascending and max_long no less, got '
                f'{short_side} and {max_long}'
            )
        self.short_side = (int(low), int(high))
        self.max_long = max_long

    def resized_shape(self, height: int, width: int, short_side: int) -> tuple[int, int]:
        """Height and width in pixels of a resized frame."""
        short, long = min(height, width), max(height, width)
        if self.max_long is not None and short_side * long > self.max_long * short:
            short_side = max(1, self.max_long * short // long)
        return short_side_shape(height, width, short_side)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        imgs, (low, high) = results['imgs'], self.short_side
        side = low if low == high else int(np.random.randint(low, high + 1))
        height, width = imgs.shape[1:3]
        shape = self.resized_shape(height, width, side)
        if shape != (height, width):
            if len(imgs) * math.prod(shape) * imgs.shape[3] > _MOST_BYTES:
                raise VideoReadError(
                    results.get('filename', ''),
                    f'its frames of {width}x{height} pixels would be resized to '
                    f'{shape[1]}x{shape[0]}, and a clip of them would take more than 1 GiB: set '
                    'max_long of ClipResizeShortSide',
                )
            out = np.empty((len(imgs), *shape, imgs.shape[3]), dtype=np.uint8)
            for frame, target in zip(imgs, out, strict=True):
                cv2.resize(frame, shape[::-1], dst=target, interpolation=cv2.INTER_LINEAR)
            results['imgs'] = out
        results['img_shape'] = shape
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(short_side={self.short_side}, max_long={self.max_long})'


@TRANSFORMS.register_module()
class ClipRandomCropBoxes(BaseTransform):
    """Crop one square from all frames at a random place, together with the boxes.

    Boxes are clipped at the edges, and those without any pixel are dropped with their labels and
    scores, so no box may be left.  The official code for AVA keeps these as lines or points on the
    edge with their labels (``keep_outside``), although they show nobody.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)``
    - gt_boxes with gt_labels and person_ids (optional)
    - proposals with proposal_scores (optional)
    - crop, flip (optional: of transforms before)

    Modified Keys:

    - imgs: uint8 ``(T, size, size, 3)``, contiguous and new
    - img_shape, and the boxes with what belongs to them

    Added Keys:

    - crop: the remaining part of the original frame, x1, y1, x2, y2, relative

    Args:
        size: Side of the square in pixels.
        keep_outside: Keep boxes outside the square, without width or height.

    Raises:
        ValueError: A frame is smaller.
    """

    def __init__(self, size: int, keep_outside: bool = False) -> None:
        if size < 1:
            raise ValueError(f'size must be positive, got {size}')
        self.size = size
        self.keep_outside = keep_outside

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        imgs, size = results['imgs'], self.size
        height, width = imgs.shape[1:3]
        if min(height, width) < size:
            raise ValueError(
                f'no square of {size} pixels fits a frame of {width}x{height}; put '
                f'ClipResizeShortSide(short_side={size}) or more before'
            )
        top = int(np.random.randint(height - size + 1))
        left = int(np.random.randint(width - size + 1))
        cut = imgs[:, top : top + size, left : left + size]
        results.update(imgs=cut.copy(), img_shape=(size, size))
        window = np.array([left, top, left + size, top + size]) / (width, height, width, height)
        results['crop'] = _inside(results.get('crop', _WHOLE), window, results.get('flip', False))
        for key, companions in _WITH_BOXES.items():
            if key not in results:
                continue
            boxes = _seen_through(results[key], window)
            left_over = (boxes[:, 2:] > boxes[:, :2]).all(axis=1) | self.keep_outside
            results[key] = boxes[left_over]
            for name in companions:
                if name in results:
                    results[name] = results[name][left_over]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, keep_outside={self.keep_outside})'


def _seen_through(boxes: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) relative to a window, clipped to it."""
    origin, size = window[[0, 1, 0, 1]], (window[2:] - window[:2])[[0, 1, 0, 1]]
    return ((boxes - origin) / size).clip(0, 1).astype(np.float32)


def _inside(
    crop: tuple[float, float, float, float], window: np.ndarray, mirrored: bool
) -> tuple[float, float, float, float]:
    """The part of the original frame in a window of its cropped and mirrored part."""
    if mirrored:
        window = np.array([1 - window[2], window[1], 1 - window[0], window[3]])
    x, y, width, height = crop[0], crop[1], crop[2] - crop[0], crop[3] - crop[1]
    x1, y1, x2, y2 = (window * (width, height, width, height) + (x, y, x, y)).tolist()
    return x1, y1, x2, y2


@TRANSFORMS.register_module()
class PackActionBoxes(BaseTransform):
    """Pack the clip of a key frame and its boxes, which become pixels of the clip.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)``
    - video_id, second
    - original_shape: ``(H, W)`` of the video
    - crop, flip (optional: from `ClipRandomCropBoxes` and `ClipFlip`)
    - gt_boxes, gt_labels (optional): relative (n, 4), float32 multi-hot (n, K)
    - gt_original_boxes, gt_original_labels (optional): the same before all transforms
    - proposals, proposal_scores (optional): relative (m, 4), (m,); without them, the true boxes
      with score 1 are proposed

    Returns a dict of:

    - inputs: uint8 tensor ``(1, T, H, W, 3)``
    - data_samples: an `ActionDataSample` with

      - proposals: float32 ``bboxes`` (m, 4) in pixels and ``scores`` (m,)
      - gt_instances, if there are true boxes: float32 ``bboxes`` (n, 4) in pixels and ``labels``
        (n, K)
      - metainfo: video_id; second, and the same as timestamp, its name in mmaction2; img_shape
        (H, W) of the clip; original_shape; crop; flip; if there are true boxes, gt_original_boxes
        and gt_original_labels, arrays; and what the sample has of ``meta_keys``

    Args:
        meta_keys: Further keys to pass on.

    Raises:
        ValueError: The sample has no boxes, or frames were cropped without the boxes.
    """

    def __init__(
        self, meta_keys: tuple[str, ...] = ('filename', 'frame_inds', 'fps', 'sample_idx')
    ) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if 'crop_quadruple' in results:
            raise ValueError(
                'the pipeline crops frames by a transform that leaves the boxes behind; crop '
                'with ClipRandomCropBoxes and flip with ClipFlip'
            )
        if 'gt_boxes' not in results and 'proposals' not in results:
            raise ValueError(f'video {results["video_id"]!r}: the sample has no boxes to look at')
        imgs = np.ascontiguousarray(results['imgs'])
        sample = ActionDataSample(metainfo=self._metainfo(results, imgs.shape[1:3]))
        pixels = torch.tensor([imgs.shape[2], imgs.shape[1]] * 2, dtype=torch.float32)
        if 'gt_boxes' in results:
            true = torch.from_numpy(results['gt_boxes']) * pixels
            labels = torch.from_numpy(results['gt_labels'])
            sample.gt_instances = InstanceData(bboxes=true, labels=labels)
        if 'proposals' in results:
            boxes = torch.from_numpy(results['proposals']) * pixels
            scores = torch.from_numpy(results['proposal_scores'])
        else:
            boxes, scores = true.clone(), torch.ones(len(true))
        sample.proposals = InstanceData(bboxes=boxes, scores=scores)
        return {'inputs': torch.from_numpy(imgs)[None], 'data_samples': sample}

    def _metainfo(self, results: dict[str, Any], shape: tuple[int, int]) -> dict[str, Any]:
        known = (*self.meta_keys, 'gt_original_boxes', 'gt_original_labels')
        return {
            'video_id': results['video_id'],
            'second': results['second'],
            'timestamp': results['second'],
            'img_shape': tuple(shape),
            'original_shape': tuple(results['original_shape']),
            'crop': results.get('crop', _WHOLE),
            'flip': results.get('flip', False),
            **{key: results[key] for key in known if key in results},
        }

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'
