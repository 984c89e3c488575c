"""Attention along axes of a grid of codes, restated as dense attention with a mask."""

import math

import torch
from torch import Tensor


def rows_of(grid: tuple[int, int, int], axes: str) -> list[list[int]]:
    """Numbers of the tokens that attend to one another, by row."""
    t, h, w = grid
    rows: dict[tuple[int, ...], list[int]] = {}
    for number in range(t * h * w):
        place = {'T': number // (h * w), 'H': number // w % h, 'W': number % w}
        rows.setdefault(tuple(v for k, v in place.items() if k not in axes), []).append(number)
    return list(rows.values())


def dense_attention(q: Tensor, k: Tensor, v: Tensor, rows: list[list[int]], pad: Tensor) -> Tensor:
    """(B, h, 1 + N, d) each: all tokens and a CLS for each row, all in one masked softmax."""
    count, tokens = len(rows), q.shape[2] - 1
    q, k, v = (torch.cat([x[:, :, :1].repeat(1, 1, count, 1), x[:, :, 1:]], 2) for x in (q, k, v))
    sees = torch.zeros(count + tokens, count + tokens, dtype=torch.bool)
    for number, row in enumerate(rows):
        members = [number, *(count + token for token in row)]
        for one in members:
            sees[one, members] = True
    ignored = torch.cat([torch.zeros(len(pad), count, dtype=torch.bool), pad.flatten(1)], 1)
    sees = sees[None] & ~ignored[:, None]
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    out = scores.masked_fill(~sees[:, None], -math.inf).softmax(-1) @ v
    return torch.cat([out[:, :, :count].mean(2, keepdim=True), out[:, :, count:]], 2)
