"""Compute features in the straightforward way, window by window, for comparison."""

import os
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.apis.features.settings import FeatureSettings
from mmvideomae.datasets.transforms import CropViews
from mmvideomae.video.readers import VideoReader, open_reader


def one_window_at_a_time(
    backbone: nn.Module,
    video: str | os.PathLike[str],
    settings: FeatureSettings,
    backend: str = 'pyav',
) -> np.ndarray:
    """Read, prepare and encode each window separately -> (L, D).

    The computation is deliberately independent of the extractor's.
    """
    with open_reader(video, backend) as reader, torch.inference_mode():
        rows = [backbone(clip) for clip in _clips(reader, settings)]
    return torch.cat(rows).numpy()


def _clips(reader: VideoReader, settings: FeatureSettings) -> Iterator[Tensor]:
    """Normalised windows (1, C, T, S, S)."""
    mean, std = (torch.tensor(v)[:, None, None, None] for v in (settings.mean, settings.std))
    total, step = len(reader), 0
    while True:
        start = settings.offset + step * settings.stride
        if step and start + settings.window * settings.interval > total:
            return
        numbers = [start + place * settings.interval for place in range(settings.window)]
        frames = reader.read([min(number, total - 1) for number in numbers])
        yield ((_resized(frames, settings) - mean) / std)[None]
        step += 1


def _resized(frames: np.ndarray, settings: FeatureSettings) -> Tensor:
    """Frames (T, H, W, C) uint8 -> pixels (C, T, S, S) float32."""
    size = settings.size
    if settings.resize == 'squash':
        floats = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
        resized = F.interpolate(floats, (size, size), mode='bilinear', align_corners=False)
        return resized.transpose(0, 1)
    crop = CropViews(size, short_side=settings.short_side)
    clip = {'imgs': frames, 'num_clips': 1, 'frame_inds': np.arange(len(frames))}
    return torch.from_numpy(crop.transform(clip)['imgs'][0]).permute(3, 0, 1, 2).float()
