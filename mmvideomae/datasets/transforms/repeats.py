"""Repeated augmentation: several crops and masks of one decoded clip."""

import operator
from functools import partial
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform, Compose

from mmvideomae.registry import TRANSFORMS, Pipeline, build_steps

ERASE_KEY = 'erase_box'


def is_clip_key(key: str) -> bool:
    """Whether an entry of a sample is a clip: ``imgs`` or, for example, ``teacher_imgs``."""
    return key == 'imgs' or key.endswith('_imgs')


def is_clip_part(key: str) -> bool:
    """Whether an entry belongs to one clip: a mask, token ids or a box to erase, by its name."""
    return key == ERASE_KEY or key.endswith(('_mask', '_ids'))


class _Rows:
    """One array for the results of all repeats, made when the first asks for its row."""

    def __init__(self, count: int) -> None:
        self._rows: list[np.ndarray | None] = [None] * count
        self._whole: np.ndarray | None = None

    def allocate(self, number: int, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        """Uninitialised memory: row ``number``, or apart from it where shapes differ."""
        if self._whole is None:
            self._whole = np.empty((len(self._rows), *shape), dtype)
        if self._whole.shape[1:] != shape or self._whole.dtype != dtype:
            return np.empty(shape, dtype)
        if self._rows[number] is not None:  # asked twice in one run: the row may be in use
            return np.empty(shape, dtype)
        self._rows[number] = self._whole[number]
        return self._rows[number]

    def gather(self, results: list[np.ndarray]) -> np.ndarray:
        """All results in one array; copied unless each is its row."""
        if self._whole is not None and all(map(operator.is_, results, self._rows)):
            return self._whole
        return np.stack(results)


@TRANSFORMS.register_module()
class RepeatAugment(BaseTransform):
    """Run transforms ``R`` times on one decoded clip (VideoMAE V2, repeated augmentation).

    Each run gets the same frames and draws independently.  A transform inside must not
    write into the frames that it is given.

    During a run the key ``repeat`` holds its number, from 0 on, and ``allocate_clip`` a function
    in the manner of `np.empty`.  A transform that takes the memory of its result from it saves
    copying all repeats together afterwards, which costs as much as the crops themselves.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)``

    Modified Keys:

    - imgs: uint8 ``(R, T, H', W', 3)``

    Added Keys:

    - masks, token ids, ``erase_box`` and further clips, by `is_clip_part` and `is_clip_key`: those
      of all runs, ``(R, ...)``
    - every other key of the first run

    Args:
        num_repeats: ``R``.
        transforms: Built transforms or configs, by name or as a list.
    """

    def __init__(self, num_repeats: int, transforms: Pipeline) -> None:
        if num_repeats < 1:
            raise ValueError(f'num_repeats must be positive, got {num_repeats}')
        self.num_repeats = num_repeats
        self.transforms = Compose(build_steps(transforms))

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        rows = _Rows(self.num_repeats)
        runs = [
            self.transforms(
                {**results, 'repeat': number, 'allocate_clip': partial(rows.allocate, number)}
            )
            for number in range(self.num_repeats)
        ]
        first = runs[0]
        first.pop('allocate_clip')
        first.pop('repeat')
        first['imgs'] = rows.gather([run['imgs'] for run in runs])
        for key in first:
            if is_clip_part(key) or (is_clip_key(key) and key != 'imgs'):
                first[key] = np.stack([run[key] for run in runs])
        return first

    def __repr__(self) -> str:
        return f'{type(self).__name__}(num_repeats={self.num_repeats}, {self.transforms})'
