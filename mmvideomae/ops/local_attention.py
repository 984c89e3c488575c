"""Attention within a window along time, with memory linear in the length."""

import torch
from torch import Tensor
from torch.nn import functional as F

# Least number of keys for a block of queries: larger blocks duplicate fewer keys.
MIN_KEYS = 64


def attend(
    query: Tensor, key: Tensor, value: Tensor, valid: Tensor, dropout: float = 0.0
) -> Tensor:
    """Attention to every valid step, (B, H, L, d) three times -> (B, H, L, d).

    Args:
        valid: (B, L) bool, True where a step is real.  Rows of other steps are 0.
        dropout: Dropout of attention weights.
    """
    rows = valid[:, None, :, None]
    # A sample without valid steps attends to all steps, so no row is empty (NaN).
    allowed = (valid | ~valid.any(1, keepdim=True))[:, None, None, :]
    out = F.scaled_dot_product_attention(query, key, value, attn_mask=allowed, dropout_p=dropout)
    return out * rows


def attend_locally(
    query: Tensor, key: Tensor, value: Tensor, valid: Tensor, window: int, dropout: float = 0.0
) -> Tensor:
    """Attention of each step to valid steps at most ``window // 2`` away; shapes as `attend`.

    Equal to dense attention with a band mask (ActionFormer section 3.2).  Queries are split into
    blocks; each sees its own steps and ``window // 2`` more on either side, so the number of
    scores is linear in L.

    Raises:
        ValueError: The window is not positive.
    """
    if window < 1:
        raise ValueError(f'a window must have at least one step, got {window}')
    reach, length = window // 2, query.shape[2]
    keys = -(-max(4 * reach, MIN_KEYS) // 8) * 8  # fast kernels need a multiple of 8
    block = keys - 2 * reach
    blocks = -(-length // block)
    tail = blocks * block - length
    queries = _blocked(F.pad(query, (0, 0, 0, tail)), block, block)
    around = (0, 0, reach, reach + tail)
    seen_keys, seen_values = (_blocked(F.pad(each, around), keys, block) for each in (key, value))
    allowed = _allowed(valid, reach, block, blocks).flatten(0, 1)[:, None]
    out = F.scaled_dot_product_attention(
        queries, seen_keys, seen_values, attn_mask=allowed, dropout_p=dropout
    )
    joined = out.unflatten(0, (-1, blocks)).transpose(1, 2).flatten(2, 3)
    return joined[:, :, :length] * valid[:, None, :, None]


def _blocked(x: Tensor, size: int, step: int) -> Tensor:
    """Blocks of ``size``, one every ``step`` steps: (B, H, L, d) -> (B * blocks, H, size, d)."""
    return x.unfold(2, size, step).permute(0, 2, 1, 4, 3).flatten(0, 1)


def _allowed(valid: Tensor, reach: int, block: int, blocks: int) -> Tensor:
    """The keys in its block to which each query attends: (B, L) -> (B, blocks, block, keys)."""
    tail = blocks * block - valid.shape[1]
    seen = F.pad(valid, (reach, reach + tail)).unfold(1, block + 2 * reach, block)
    places = torch.arange(block + 2 * reach, device=valid.device)
    away = places[None, :] - reach - places[:block, None]
    # A padded query attends to itself; its row is cleared later, but would be NaN if empty.
    return (seen[:, :, None, :] & (away.abs() <= reach)) | (away == 0)
