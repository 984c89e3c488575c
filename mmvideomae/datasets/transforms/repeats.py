"""Repeated augmentation: several crops and masks of one decoded clip."""

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform, Compose

from mmvideomae.registry import MASK_GENERATORS, TRANSFORMS

MASK_KEYS = ('encoder_mask', 'decoder_mask')
ERASE_KEY = 'erase_box'


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

    During a run the key ``allocate_clip`` holds a function in the manner of `np.empty`.
    A transform that takes the memory of its result from it saves copying all repeats
    together afterwards, which costs as much as the crops themselves.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)``

    Modified Keys:

    - imgs: uint8 ``(R, T, H', W', 3)``

    Added Keys:

    - encoder_mask, decoder_mask: bool ``(R, t, h, w)``, where the transforms make them
    - erase_box: int64 ``(R, 4)``, the same
    - every other key of the first run

    Args:
        num_repeats: ``R``.
        transforms: Built transforms or configs.
    """

    def __init__(
        self,
        num_repeats: int,
        transforms: Sequence[dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any] | None]],
    ) -> None:
        if num_repeats < 1:
            raise ValueError(f'num_repeats must be positive, got {num_repeats}')
        self.num_repeats = num_repeats
        built = [TRANSFORMS.build(t) if isinstance(t, dict) else t for t in transforms]
        self.transforms = Compose(built)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        rows = _Rows(self.num_repeats)
        runs = [
            self.transforms({**results, 'allocate_clip': partial(rows.allocate, number)})
            for number in range(self.num_repeats)
        ]
        first = runs[0]
        first.pop('allocate_clip')
        first['imgs'] = rows.gather([run['imgs'] for run in runs])
        for key in (*MASK_KEYS, ERASE_KEY):
            if key in first:
                first[key] = np.stack([run[key] for run in runs])
        return first

    def __repr__(self) -> str:
        return f'{type(self).__name__}(num_repeats={self.num_repeats}, {self.transforms})'


@TRANSFORMS.register_module()
class GenerateMasks(BaseTransform):
    """Draw the masks of one clip.

    Added Keys:

    - encoder_mask: bool ``(t, h, w)``, True where the encoder does not see
    - decoder_mask: bool ``(t, h, w)``, True where the decoder does not reconstruct;
      absent without ``decoder``

    Args:
        grid_size: Token grid ``(t, h, w)``.
        encoder: Config of a mask generator, without its grid.
        decoder: The same for the decoder; None: it reconstructs all that is hidden.

    Raises:
        ValueError: The encoder's mask hides nothing.
    """

    def __init__(
        self,
        grid_size: Sequence[int],
        encoder: dict[str, Any],
        decoder: dict[str, Any] | None = None,
    ) -> None:
        self.grid_size = tuple(grid_size)
        configs = {'encoder_mask': encoder, 'decoder_mask': decoder}
        self.generators = {
            key: MASK_GENERATORS.build({**config, 'grid_size': self.grid_size})
            for key, config in configs.items()
            if config is not None
        }
        hiding = self.generators['encoder_mask']
        if not hiding.num_masked:
            raise ValueError(
                f'{hiding} hides no token, so that there is nothing to reconstruct: raise ratio '
                f'(the papers have 0.75 to 0.95)'
            )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        # One generator object per clip, seeded from the sample's own randomness.
        rng = np.random.default_rng(np.random.randint(2**32, size=4, dtype=np.uint32))
        for key, generator in self.generators.items():
            results[key] = generator(rng)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}({", ".join(map(repr, self.generators.values()))})'
