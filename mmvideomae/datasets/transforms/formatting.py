"""Pack a sample dict for the data loader."""

from typing import Any

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform

from mmvideomae.datasets.transforms.repeats import is_clip_key, is_clip_part
from mmvideomae.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackClips(BaseTransform):
    """Pack the clips, masks and boxes of one video; pixels stay uint8, channel last.

    Required Keys:

    - imgs: uint8 ``(R, T, H, W, 3)``, or clip after clip ``(R * T, H, W, 3)``; or instead of them
      codes: int ``(R, T, h, w)``, see `ReadCodes`
    - num_clips (optional: ``R`` of successive clips; 1 if absent)
    - label (optional)
    - any number of ``*_imgs``, further clips of other lengths and sizes, like ``imgs``; of
      ``*_mask``, bool ``(R, ...)``, such as ``(R, t, h, w)`` of tokens or ``(R, T)`` of frames,
      or without ``R``; of ``*_ids``, int64 ``(R, n)`` or ``(n,)``; and ``erase_box``, int64
      ``(R, 4)`` or ``(4,)``

    Returns a dict of:

    - inputs, and ``*_inputs`` for each ``*_imgs``: uint8 tensors ``(R, T, H, W, 3)``
    - codes: unchanged
    - masks, bool ``(R, N)`` or ``(R, T)``, token ids and the box, with their own names
    - data_samples: an `ActionDataSample` with the metainfo of those ``meta_keys`` that the
      sample has, and the label

    Args:
        meta_keys: Keys to pass on.
    """

    def __init__(
        self,
        meta_keys: tuple[str, ...] = (
            'filename',
            'frame_inds',
            'frame_seconds',
            'fps',
            'sample_idx',
            'tokenizer',
        ),
    ) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        packed: dict[str, Any] = {}
        for key in filter(is_clip_key, results):
            imgs = results[key]
            if imgs.ndim == 4:
                imgs = imgs.reshape(results.get('num_clips', 1), -1, *imgs.shape[1:])
            name = key.removesuffix('imgs') + 'inputs'
            packed[name] = torch.from_numpy(np.ascontiguousarray(imgs))
        if 'codes' in results:
            packed['codes'] = torch.from_numpy(results['codes'])
        count = len(next(iter(packed.values())))
        for key in filter(is_clip_part, results):
            packed[key] = torch.from_numpy(results[key].reshape(count, -1))
        sample = ActionDataSample(
            metainfo={key: results[key] for key in self.meta_keys if key in results}
        )
        if 'label' in results:
            sample.set_gt_label(results['label'])
        packed['data_samples'] = sample
        return packed

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'
