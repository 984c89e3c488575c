"""Codes: the integers of a tokenizer's vocabulary (VIMPAC)."""

from typing import NamedTuple


class Vocabulary(NamedTuple):
    """Ids 0 to num_codes - 1 are codes; behind them are the special ids of the released VIMPAC.

    Of its five special ids VIMPAC uses two: `pad` stands where a short video has no frame, and
    `mask` where a code is hidden.  The others are kept for the shape of the released embedding.
    """

    num_codes: int = 8192

    @property
    def pad(self) -> int:
        return self.num_codes + 1

    @property
    def mask(self) -> int:
        return self.num_codes + 4

    @property
    def size(self) -> int:
        """Rows of the embedding."""
        return self.num_codes + 5
