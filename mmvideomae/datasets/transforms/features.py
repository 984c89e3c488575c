"""Transforms of feature sequences with segments.

Segments are ``steps``, float64 (n, 2), in steps of the current ``features``; ``grid`` has the
times of these in the video.  A transform that changes one of the three changes all.
"""

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import BaseDataElement, InstanceData

from mmvideomae.formats.feature_files import load_features
from mmvideomae.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadFeatures(BaseTransform):
    """Read the features of a video and put its segments on their grid.

    Required Keys:

    - video_id, feature_path, width
    - grid: `FeatureGrid` of the file
    - segments (optional): float64 ``(n, 2)`` in seconds

    Added Keys:

    - features: float32 ``(L, D)``
    - steps: float64 ``(n, 2)``, if there are segments

    Raises:
        FeatureError: The file cannot be used, or values are not finite.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        results['features'] = load_features(
            results['video_id'], results['feature_path'], results['width']
        )
        if 'segments' in results:
            results['steps'] = results['grid'].to_steps(results['segments'])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'


@TRANSFORMS.register_module()
class ResampleFeatures(BaseTransform):
    """Interpolate the features linearly in time to a fixed number of steps.

    It works like ``torch.nn.functional.interpolate`` with ``align_corners=False``, as
    ActionFormer does for ActivityNet.

    Required Keys: features, grid, steps (optional)

    Modified Keys: features, grid, steps

    Args:
        length: Number of steps.
    """

    def __init__(self, length: int) -> None:
        if length < 1:
            raise ValueError(f'length must be positive, got {length}')
        self.length = length

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        features, grid = results['features'], results['grid']
        if len(features) == self.length:
            return results
        columns = torch.from_numpy(np.ascontiguousarray(features.T))[None]
        columns = torch.nn.functional.interpolate(
            columns, size=self.length, mode='linear', align_corners=False
        )
        results['features'] = columns[0].T.numpy()
        results['grid'] = grid.resampled(len(features), self.length)
        if 'steps' in results:
            results['steps'] = results['grid'].to_steps(grid.to_seconds(results['steps']))
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(length={self.length})'


@TRANSFORMS.register_module()
class CropFeatures(BaseTransform):
    """Crop a random window from a video (ActionFormer's training augmentation).

    A video of L steps, at most ``max_seq_len``, keeps a window whose length is a uniform
    integer from ``crop_ratio[0] * L`` to ``crop_ratio[1] * L``, rounded; a longer one keeps
    ``max_seq_len`` steps.  Segments are clipped to the window, half a span beyond the centres
    of its first and last step, and those of which less than ``trunc_thresh`` remains are
    dropped.  Windows are drawn until one keeps a segment, at most ``max_trials`` times; the
    last one is used.

    Required Keys: features, grid, steps, labels

    Modified Keys: features, grid, steps, labels

    Args:
        max_seq_len: Most steps that the model accepts.
        trunc_thresh: Share of a segment that must remain.
        crop_ratio: For videos not longer than ``max_seq_len``; None does not crop them.
        max_trials: Most windows to draw.
    """

    def __init__(
        self,
        max_seq_len: int,
        trunc_thresh: float = 0.5,
        crop_ratio: tuple[float, float] | None = (0.9, 1.0),
        max_trials: int = 200,
    ) -> None:
        if max_seq_len < 1 or max_trials < 1 or not 0 <= trunc_thresh <= 1:
            raise ValueError(
                f'max_seq_len {max_seq_len} and max_trials {max_trials} must be positive, '
                f'trunc_thresh {trunc_thresh} in [0, 1]'
            )
        if crop_ratio is not None and not 0 < crop_ratio[0] <= crop_ratio[1] <= 1:
            raise ValueError(f'crop_ratio must be a range in (0, 1], got {crop_ratio}')
        self.max_seq_len = max_seq_len
        self.trunc_thresh = trunc_thresh
        self.crop_ratio = crop_ratio
        self.max_trials = max_trials

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        length = len(results['features'])
        size = self._window(length)
        if size == length:
            return results
        grid, steps = results['grid'], results['steps']
        margin = 0.5 * grid.span / grid.stride
        for _ in range(self.max_trials):
            first = int(np.random.randint(length - size + 1))
            cut = np.clip(steps, first - margin, first + size + margin)
            kept = cut[:, 1] - cut[:, 0] >= self.trunc_thresh * (steps[:, 1] - steps[:, 0])
            kept &= cut[:, 1] > cut[:, 0]
            if kept.any() or not len(steps):
                break
        results['features'] = results['features'][first : first + size]
        results['grid'] = grid.cropped(first)
        results['steps'] = cut[kept] - first
        results['labels'] = results['labels'][kept]
        return results

    def _window(self, length: int) -> int:
        if length > self.max_seq_len:
            return self.max_seq_len
        if self.crop_ratio is None:
            return length
        low, high = (round(ratio * length) for ratio in self.crop_ratio)
        return int(np.random.randint(max(low, 1), min(high, length) + 1))

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(max_seq_len={self.max_seq_len}, '
            f'trunc_thresh={self.trunc_thresh}, crop_ratio={self.crop_ratio}, '
            f'max_trials={self.max_trials})'
        )


@TRANSFORMS.register_module()
class PackFeatures(BaseTransform):
    """Pack a feature sequence; padding is left to the data preprocessor.

    Required Keys:

    - features: float32 ``(L, D)``
    - video_id, duration, fps, grid
    - segments, labels, steps (optional): an annotation in seconds, and its remaining part in
      steps

    Returns a dict of:

    - inputs: float32 tensor ``(D, L)``
    - data_samples: a `BaseDataElement` with the metainfo ``video_id``, ``duration``, ``fps``
      and ``grid``; for annotated videos also with ``gt_seconds`` (n, 2) and ``gt_labels`` (n,),
      the whole annotation, in the metainfo, and with ``gt_instances``, the training target:
      float32 ``segments`` in steps and int64 ``labels``.

    Args:
        class_agnostic: The training target has only one class, 0.
    """

    def __init__(self, class_agnostic: bool = False) -> None:
        self.class_agnostic = class_agnostic

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        sample = BaseDataElement(
            metainfo={key: results[key] for key in ('video_id', 'duration', 'fps', 'grid')}
        )
        if 'steps' in results:
            sample.set_metainfo(
                {'gt_seconds': results['segments'], 'gt_labels': results['all_labels']}
            )
            labels = torch.from_numpy(np.asarray(results['labels'], np.int64))
            sample.gt_instances = InstanceData(
                segments=torch.from_numpy(results['steps'].astype(np.float32)),
                labels=torch.zeros_like(labels) if self.class_agnostic else labels,
            )
        features = torch.from_numpy(np.ascontiguousarray(results['features'].T))
        return {'inputs': features, 'data_samples': sample}

    def __repr__(self) -> str:
        return f'{type(self).__name__}(class_agnostic={self.class_agnostic})'
