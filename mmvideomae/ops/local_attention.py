"""Attention within a window along time, with memory linear in length."""

import torch
from torch import Tensor
from torch.nn import functional as F

# Keys that a block of queries sees, at least: larger blocks copy fewer keys twice.
MIN_KEYS = 64


def attend(
    query: Tensor, key: Tensor, value: Tensor, valid: Tensor, dropout: float = 0.0
) -> Tensor:
    """Attention to every valid step, (B, H, L, d) three times -> (B, H, L, d).

    Args:
        valid: (B, L) bool, True where a step is real.  Rows of others are 0.
        dropout: Of attention weights.
    """
    rows = valid[:, None, :, None]
    # A sample without valid steps attends to all of them, so that no row is empty (NaN).
    allowed = (valid | ~valid.any(1, keepdim=True))[:, None, None, :]
    out = F.scaled_dot_product_attention(query, key, value, attn_mask=allowed, dropout_p=dropout)
    return out * rows


def attend_locally(
    query: Tensor, key: Tensor, value: Tensor, valid: Tensor, window: int, dropout: float = 0.0
) -> Tensor:
    """Attention of each step to the valid ones at most ``window // 2`` away, shapes as `attend`.

    Equal to dense attention under a band mask (ActionFormer section 3.2).  Queries are cut into
    blocks; each sees its own steps and ``window // 2`` more on both sides, so that scores take
    L times a constant.

    Raises:
        ValueError: The window is not positive.
    """
    if window < 1:
        raise ValueError(f'a window has at least one step, got {window}')
    reach, length = window // 2, query.shape[2]
    keys = -(-max(4 * reach, MIN_KEYS) // 8) * 8  # a multiple of 8, as fast kernels need it
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
    """Every ``step`` steps a block of ``size``: (B, H, L, d) -> (B * blocks, H, size, d)."""
    return x.unfold(2, size, step).permute(0, 2, 1, 4, 3).flatten(0, 1)


def _allowed(valid: Tensor, reach: int, block: int, blocks: int) -> Tensor:
    """Which keys of its block each query attends to: (B, L) -> (B, blocks, block, keys)."""
    tail = blocks * block - valid.shape[1]
    seen = F.pad(valid, (reach, reach + tail)).unfold(1, block + 2 * reach, block)
    places = torch.arange(block + 2 * reach, device=valid.device)
    away = places[None, :] - reach - places[:block, None]
    # A padded query attends to itself, so that its row, which is cleared, is not empty (NaN).
    return (seen[:, :, None, :] & (away.abs() <= reach)) | (away == 0)
