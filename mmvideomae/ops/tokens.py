"""Convert between clips and tokens: cut clips into cubes, gather some, reassemble them.

Tokens are ordered (t, h, w) with w fastest, and the values of one cube are
ordered (frame, row, column, channel) with the channel fastest, as in the
prediction head of the released VideoMAE weights.
"""

import torch
from torch import Tensor


def cubes(clips: Tensor, tubelet: int, patch: int) -> Tensor:
    """(B, C, T, H, W) -> a view (B, t, h, w, C, tubelet, patch, patch).

    Raises:
        ValueError: Frames, height or width is not a multiple of the cube's side.
    """
    _, _, frames, height, width = clips.shape
    if frames % tubelet or height % patch or width % patch:
        raise ValueError(
            f'a clip of {frames} frames of {height}x{width} pixels does not divide into cubes of '
            f'{tubelet} frames of {patch}x{patch} pixels'
        )
    split = clips.unflatten(4, (-1, patch)).unflatten(3, (-1, patch)).unflatten(2, (-1, tubelet))
    return split.permute(0, 2, 4, 6, 1, 3, 5, 7)


def gather_cubes(clips: Tensor, ids: Tensor | None, tubelet: int, patch: int) -> Tensor:
    """(B, C, T, H, W), (B, n) -> (B, n, C, tubelet, patch, patch); all N cubes without ids.

    Only the requested cubes are copied, so 90 % masking leaves nine tenths of
    the clip untouched.
    """
    view = cubes(clips, tubelet, patch)
    if ids is None:
        return view.flatten(1, 3)
    height, width = view.shape[2:4]
    batch = torch.arange(len(clips), device=ids.device)[:, None]
    slot = torch.div(ids, height * width, rounding_mode='floor')
    row = torch.div(ids, width, rounding_mode='floor') % height
    return view[batch, slot, row, ids % width]


def patchify(clips: Tensor, tubelet: int, patch: int, ids: Tensor | None = None) -> Tensor:
    """(B, C, T, H, W) -> (B, N, P), or (B, n, P) for the tokens with ids (B, n).

    P = tubelet * patch * patch * C, channel fastest (VideoMAE's target layout).
    """
    return gather_cubes(clips, ids, tubelet, patch).permute(0, 1, 3, 4, 5, 2).flatten(2)


def unpatchify(tokens: Tensor, grid: tuple[int, int, int], tubelet: int, patch: int) -> Tensor:
    """(B, N, P) -> (B, C, T, H, W), the inverse of ``patchify`` for a whole clip.

    Args:
        grid: (t, h, w) with N = t * h * w.
    """
    if tokens.shape[1] != grid[0] * grid[1] * grid[2]:
        raise ValueError(f'{tokens.shape[1]} tokens do not fill a grid of {grid}')
    split = tokens.unflatten(2, (tubelet, patch, patch, -1)).unflatten(1, grid)
    clips = split.permute(0, 7, 1, 4, 2, 5, 3, 6)
    return clips.flatten(6, 7).flatten(4, 5).flatten(2, 3)


def gather_tokens(tokens: Tensor, ids: Tensor) -> Tensor:
    """(B or 1, N, D), (B, n) -> (B, n, D)."""
    if len(tokens) == 1:
        return tokens[0][ids]
    return tokens.gather(1, ids[..., None].expand(-1, -1, tokens.shape[2]))


def mask_to_ids(mask: Tensor, value: bool = True) -> Tensor:
    """(B, N) bool -> (B, n) int64, the ascending positions where ``mask`` equals ``value``.

    Raises:
        ValueError: The rows have different counts, which do not fit into a tensor.
    """
    chosen = mask if value else ~mask
    counts = chosen.sum(1)
    low, high = torch.stack(torch.aminmax(counts)).tolist()
    if low != high:
        raise ValueError(
            f'all masks of a batch must have the same number of '
            f'{"masked" if value else "visible"} tokens, but have {low} to {high}'
        )
    return torch.argsort((~chosen).to(torch.uint8), dim=1, stable=True)[:, :low]


def normalise_patches(patches: Tensor, channels: int = 3, eps: float = 1e-6) -> Tensor:
    """(B, n, P) -> (B, n, P): zero mean and unit deviation per token and colour channel.

    The deviation is the unbiased one, and ``eps`` is added to it rather than to
    the variance, as in VideoMAE's released code but not in MAE and MAE-ST.
    """
    mean, deviation = patch_statistics(patches, channels)
    split = patches.unflatten(2, (-1, channels))
    return ((split - mean) / (deviation + eps)).flatten(2)


def patch_statistics(patches: Tensor, channels: int = 3) -> tuple[Tensor, Tensor]:
    """(B, n, P) -> mean and unbiased deviation, each (B, n, 1, C)."""
    split = patches.unflatten(2, (-1, channels))
    deviation, mean = torch.std_mean(split, dim=2, keepdim=True)
    return mean, deviation
