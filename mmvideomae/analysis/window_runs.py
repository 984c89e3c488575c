"""Forward passes of end-to-end localizers over windows, for counting operations."""

from collections.abc import Callable

import torch
from mmengine.config import Config
from torch import nn

from mmvideomae.analysis.training_pipeline import crop_sides

Shape = tuple[int, int, int]


def window_run(
    model: nn.Module, cfg: Config, shape: Shape | None = None
) -> tuple[Shape, Callable[[], None]]:
    """The frames, height and width of a window, and a forward pass of one on the meta device.

    Args:
        shape: By default the window of the data preprocessor and the crop of the training.

    Raises:
        ValueError: The training pipeline has no crop of known size.
    """
    preprocessor = model.data_preprocessor
    if shape is None:
        sides = crop_sides(cfg)
        if sides is None:
            raise ValueError('the training pipeline does not say how large frames are: use --shape')
        shape = (preprocessor.num_frames, *sides)
    frames, height, width = shape
    window = torch.empty(1, 3, frames, height, width, dtype=torch.uint8, device='meta')
    steps = frames // preprocessor.frames_per_step
    mask = torch.ones(1, 1, steps, dtype=torch.bool, device='meta')
    return shape, lambda: model(window, mask)
