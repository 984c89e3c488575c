"""What stands in the place of hidden codes."""

from collections.abc import Sequence

import numpy as np

from mmvideomae.masking.blocks import Block
from mmvideomae.registry import MASK_GENERATORS

REPLACED_BY_MASK = -1
KEPT = -2


@MASK_GENERATORS.register_module()
class BertNoise:
    """Show some of the hidden codes, or random ones in their place (VIMPAC, Appendix G.3).

    Of what is hidden, 80 % becomes the mask code, 10 % a random code and 10 % stays as it is; all
    of it is to be predicted.  The paper draws for each token.  The released code draws for each
    block, and every token of a random block gets a code of its own; a later block overwrites
    earlier ones, unless it is one of those that leave everything as it is.

    Args:
        num_codes: Random codes lie below.
        per: What a draw is for: ``'token'`` or ``'block'``.
        shares: Of the mask code and of random codes.

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
            raise ValueError(f'shares must not be negative nor exceed 1 in total, got {shares}')
        self.num_codes = num_codes
        self.per = per
        self.shares = tuple(shares)

    def __call__(
        self, rng: np.random.Generator, mask: np.ndarray, blocks: Sequence[Block] = ()
    ) -> np.ndarray:
        """What the network gets at each token -> int64 ``(t, h, w)``.

        It is -1 for the mask code, -2 for the clip's own code and else the code itself; -2 where
        nothing is hidden.

        Args:
            mask: Bool ``(t, h, w)``.
            blocks: Of a `BlockMask`, for noise per block.
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
