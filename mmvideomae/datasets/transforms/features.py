"""Transforms of feature sequences with segments.

Segments are ``steps``, float64 (n, 2), in steps of the current ``features``; ``grid`` has the
times of these in the video.  A transform that changes one of the three changes all.
"""

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import BaseDataElement, InstanceData

from mmvideomae.datasets.transforms.window_choice import WindowChoice
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
    """Crop a random window from a video, see `WindowChoice`.

    Required Keys: features, grid, steps, labels

    Modified Keys: features, grid, steps, labels

    Args:
        max_seq_len: Most steps that the model accepts.
        trunc_thresh, crop_ratio, max_trials: See `WindowChoice`.
    """

    def __init__(
        self,
        max_seq_len: int,
        trunc_thresh: float = 0.5,
        crop_ratio: tuple[float, float] | None = (0.9, 1.0),
        max_trials: int = 200,
    ) -> None:
        if max_seq_len < 1:
            raise ValueError(f'max_seq_len must be positive, got {max_seq_len}')
        self.max_seq_len = max_seq_len
        self.choice = WindowChoice(trunc_thresh, crop_ratio, max_trials)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        length, steps = len(results['features']), results['steps']
        cut = self.choice.draw(length, self.max_seq_len, results['grid'], steps)
        if cut is not None:
            results['features'] = results['features'][cut.first : cut.first + cut.size]
            cut.apply(results)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(max_seq_len={self.max_seq_len}, {self.choice})'


def segment_sample(results: dict[str, Any], class_agnostic: bool) -> BaseDataElement:
    """The data sample of a sequence of steps, see `PackFeatures`."""
    sample = BaseDataElement(
        metainfo={key: results[key] for key in ('video_id', 'duration', 'fps', 'grid')}
    )
    if 'steps' in results:
        sample.set_metainfo({'gt_seconds': results['segments'], 'gt_labels': results['all_labels']})
        labels = torch.from_numpy(np.asarray(results['labels'], np.int64))
        sample.gt_instances = InstanceData(
            segments=torch.from_numpy(results['steps'].astype(np.float32)),
            labels=torch.zeros_like(labels) if class_agnostic else labels,
        )
    return sample


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
        features = torch.from_numpy(np.ascontiguousarray(results['features'].T))
        return {'inputs': features, 'data_samples': segment_sample(results, self.class_agnostic)}

    def __repr__(self) -> str:
        return f'{type(self).__name__}(class_agnostic={self.class_agnostic})'
