"""Replacements for hidden codes."""

from collections.abc import Sequence

import numpy as np

from mmvideomae.masking.blocks import Block
from mmvideomae.registry import MASK_GENERATORS

REPLACED_BY_MASK = -1
KEPT = -2


@MASK_GENERATORS.register_module()
class BertNoise:
    """Keep some of the hidden codes or replace them by random ones (VIMPAC, Appendix G.3).

    Of the hidden tokens, 80 % get the mask code, 10 % a random code and 10 % keep their own; all
    are predicted.  The paper draws for each token.  The released code draws for each block, and
    every token of a random block gets its own random code; a later block overwrites earlier ones
    unless it keeps its codes.

    Args:
        num_codes: Random codes are less than this.
        per: The unit of a draw: ``'token'`` or ``'block'``.
        shares: Those of the mask code and of random codes.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self, num_codes: int, per: str = 'token', shares: tuple[float, float] = (0.8, 0.1)
    ) -> None:
        if num_codes < 1:
            raise ValueError(f'num_codes must be positive, got {num_codes}')
        if per not in ('token', 'block'):
            raise ValueError(f"per must be 'token' or 'block', got {per!r}")
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError(f'shares must not be negative or exceed 1 in total, got {shares}')
        self.num_codes = num_codes
        self.per = per
        self.shares = tuple(shares)

    def __call__(
        self, rng: np.random.Generator, mask: np.ndarray, blocks: Sequence[Block] = ()
    ) -> np.ndarray:
        """The network's input at each token -> int64 ``(t, h, w)``.

        -1 means the mask code, -2 the clip's own code (also where nothing is hidden), and any
        other number a code.

        Args:
            mask: Bool ``(t, h, w)``.
            blocks: Those of a `BlockMask`, for noise per block.
        """
        if self.per == 'block':
            found = self._per_block(rng, mask.shape, blocks)
        else:
            found = self._per_token(rng, mask.shape)
        return np.where(mask, found, KEPT)

    def _per_token(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        draws = rng.random(shape)
        codes = rng.integers(self.num_codes, size=shape)
        shown = np.where(draws < sum(self.shares), codes, KEPT)
        return np.where(draws < self.shares[0], REPLACED_BY_MASK, shown)

    def _per_block(
        self, rng: np.random.Generator, shape: tuple[int, ...], blocks: Sequence[Block]
    ) -> np.ndarray:
        found = np.full(shape, KEPT, np.int64)
        for block in blocks:
            draw = rng.random()
            if draw < self.shares[0]:
                found[block] = REPLACED_BY_MASK
            elif draw < sum(self.shares):
                found[block] = rng.integers(self.num_codes, size=found[block].shape)
        return found

    def __repr__(self) -> str:
        return f'{type(self).__name__}(num_codes={self.num_codes}, per={self.per!r})'
