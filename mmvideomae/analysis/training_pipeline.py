"""Masks and the size of clips in the training pipeline of a config."""

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor

from mmvideomae.configs import training_step
from mmvideomae.registry import MASK_GENERATORS, TRANSFORMS

_SAMPLINGS = ('SampleDenseClips', 'SampleSegments', 'SampleClip', 'SampleKeyFrameClip')
_CROPS = ('ClipRandomResizedCrop', 'ClipMultiScaleCrop', 'ClipRandomCropBoxes')


def draw_masks(cfg: Config, grid: tuple[int, int, int]) -> tuple[Tensor, Tensor | None]:
    """Draw the masks of a config's training pipeline for ``grid``: each (1, N) or None."""
    transform = training_step(cfg, 'GenerateMasks')
    if transform is None:
        raise ValueError(
            'train_dataloader of this config has no GenerateMasks, so its masks are unknown'
        )
    rng = np.random.default_rng(0)
    masks: list[Tensor | None] = []
    for side in ('encoder', 'decoder'):
        generator = transform.get(side)
        if generator is None:
            masks.append(None)
            continue
        mask = MASK_GENERATORS.build({**generator, 'grid_size': grid})(rng)
        masks.append(torch.from_numpy(mask).flatten()[None])
    if masks[0] is None:
        raise ValueError('GenerateMasks of this config has no encoder mask')
    return masks[0], masks[1]


def draw_sample(cfg: Config, grid: tuple[int, int, int]) -> dict[str, Tensor]:
    """Masks and token ids of a clip, (1, N) or (1, n) each; none if the pipeline draws none."""
    transform = training_step(cfg, 'GenerateMasks')
    if transform is None:
        return {}
    drawn = TRANSFORMS.build({**transform, 'grid_size': grid})({})
    return {key: torch.from_numpy(value).flatten()[None] for key, value in drawn.items()}


def pipeline_shape(cfg: Config) -> tuple[int, int, int] | None:
    """Frames, height and width of the clips of ``train_dataloader``; None if unknown.

    Recognizers and detectors may get longer and larger clips than those for which their position
    tables are made.
    """
    sampling, sides = training_step(cfg, *_SAMPLINGS), crop_sides(cfg)
    return None if sampling is None or sides is None else (sampling['clip_len'], *sides)


def crop_sides(cfg: Config) -> tuple[int, int] | None:
    """Height and width of the crops of ``train_dataloader``; None if unknown."""
    crop = training_step(cfg, *_CROPS)
    if crop is None:
        return None
    size = crop['size']
    return (size, size) if isinstance(size, int) else tuple(size)
