"""Draw how much attention the tokens of a clip receive."""

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
import torch
from torch import Tensor, nn

from mmvideomae.visualization.figure import draw_rows

_STRENGTH = 0.65  # of the colours over the picture


def received_attention(model: nn.Module, clips: Tensor) -> np.ndarray | None:
    """The attention that each token receives in the last block of a model's encoder.

    It is the mean over heads and over the tokens that attend, times the number of tokens: 1 is an
    equal share.

    Args:
        clips: A normalised clip, (1, C, T, H, W); the encoder sees all of it.

    Returns:
        (t, h, w) float32; None if the model has no encoder of pixels with joint attention.
    """
    backbone: Any = getattr(model, 'backbone', nn.Identity())
    layers: list[Any] = [part for part in backbone.modules() if hasattr(part, 'attention_of')]
    if not layers or not hasattr(backbone, 'grid_of') or not clips.is_floating_point():
        return None
    seen: list[tuple[Any, ...]] = []
    handle = layers[-1].register_forward_pre_hook(lambda _, given: seen.append(given))
    try:
        with torch.no_grad():
            backbone(clips)
            tokens, _, rotation = (*seen[-1], None, None)[:3]
            received = layers[-1].attention_of(tokens, rotation).float().mean((0, 1, 2))
    finally:
        handle.remove()
    grid = backbone.grid_of(*clips.shape[2:])
    return (received * len(received)).reshape(grid).cpu().numpy()


def draw_attention(
    clip: np.ndarray, received: np.ndarray, seconds: Sequence[float], title: str, frames: int = 8
) -> np.ndarray:
    """Draw frames of a clip, and below them the attention over them, (H', W', 3) uint8.

    Args:
        clip: (T, H, W, 3) uint8.
        received: See `received_attention`, (t, h, w).
        seconds: Time of each frame, (T,).
        frames: Number of frames, evenly spread over the clip.
    """
    picks = np.linspace(0, len(clip) - 1, min(frames, len(clip))).round().astype(int)
    slots = picks * len(received) // len(clip)
    most = max(float(received.max()), 1e-6)
    colours = matplotlib.colormaps['inferno'](received[slots] / most)[..., :3]
    factors = clip.shape[1] // received.shape[1], clip.shape[2] // received.shape[2]
    heat = 255 * colours.repeat(factors[0], 1).repeat(factors[1], 2)
    mixed = (_STRENGTH * heat + (1 - _STRENGTH) * clip[picks]).astype(np.uint8)
    note = f'Bright patches receive the most attention in the last block, {most:.1f} equal shares.'
    rows = [('original', clip[picks]), ('attention', mixed)]
    return draw_rows(rows, [0, 1], np.asarray(seconds)[picks].tolist(), title, note, masked=False)
