"""From a sample dict to what the data loader stacks."""

from typing import Any

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform

from mmvideomae.datasets.transforms.repeats import ERASE_KEY, MASK_KEYS
from mmvideomae.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackClips(BaseTransform):
    """Pack the clips, masks and boxes of one video; pixels stay uint8, channel last.

    Required Keys:

    - imgs: uint8 ``(R, T, H, W, 3)``, or clip after clip ``(R * T, H, W, 3)``
    - num_clips (optional: ``R`` of clips after one another; 1 if absent)
    - encoder_mask, decoder_mask: bool ``(R, t, h, w)`` or ``(t, h, w)``, if any
    - erase_box: int64 ``(R, 4)`` or ``(4,)``, if any
    - label (optional)

    Returns a dict of:

    - inputs: uint8 tensor ``(R, T, H, W, 3)``
    - encoder_mask, decoder_mask: bool tensors ``(R, N)``, if the sample has them
    - erase_box: int64 tensor ``(R, 4)``, if the sample has it
    - data_samples: an `ActionDataSample` with the metainfo of ``meta_keys`` that the
      sample has, and the label

    Args:
        meta_keys: What to hand on.
    """

    def __init__(
        self,
        meta_keys: tuple[str, ...] = (
            'filename',
            'frame_inds',
            'frame_seconds',
            'fps',
            'sample_idx',
        ),
    ) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        imgs = results['imgs']
        if imgs.ndim == 4:
            imgs = imgs.reshape(results.get('num_clips', 1), -1, *imgs.shape[1:])
        packed: dict[str, Any] = {'inputs': torch.from_numpy(np.ascontiguousarray(imgs))}
        for key in (*MASK_KEYS, ERASE_KEY):
            if key in results:
                packed[key] = torch.from_numpy(results[key].reshape(len(imgs), -1))
        sample = ActionDataSample(
            metainfo={key: results[key] for key in self.meta_keys if key in results}
        )
        if 'label' in results:
            sample.set_gt_label(results['label'])
        packed['data_samples'] = sample
        return packed

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'
