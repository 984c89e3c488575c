"""End-to-end localizers on one window: a pass to count, and the memory of a training step."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from mmengine.config import Config
from mmengine.structures import BaseDataElement, InstanceData
from torch import nn

from mmvideomae.analysis.measurement import saved_for_backward, watch_allocation
from mmvideomae.analysis.training_pipeline import crop_sides
from mmvideomae.ops.feature_grid import FeatureGrid

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


@dataclass(frozen=True)
class WindowMemory:
    """Bytes of a training step on one window, in addition to the model and its gradients."""

    peak: int
    """The most that PyTorch's allocator gave out at any time, and the frames."""
    kept: int
    """What autograd keeps between the passes."""
    linear: int
    """The part of the peak that must grow with the window, see `linear_bytes`."""
    model: int
    """The model, its gradients and AdamW's averages, in addition to the peak."""

    @property
    def rest(self) -> int:
        """The peak without what must grow."""
        return self.peak - self.linear


def window_memory(model: nn.Module, frames: int, side: int) -> WindowMemory:
    """Train on one window of noise, and watch the memory.

    Args:
        model: An `EndToEndLocalizer` on the CPU whose window has ``frames`` frames.
        side: Height and width of the frames.
    """
    for values in model.parameters():  # they exist from the second step on
        values.grad = torch.zeros_like(values) if values.requires_grad else None
    batch = model.data_preprocessor(_noise(frames, side), training=True)
    kept = []

    def step() -> None:
        losses, bytes_kept = saved_for_backward(lambda: model(**batch, mode='loss'), model)
        kept.append(bytes_kept)
        sum(losses.values()).backward()

    _, held = watch_allocation(step, torch.device('cpu'))
    peak = held.peak + batch['inputs'].nbytes
    tensors = [*model.parameters(), *model.buffers()]
    learned = sum(values.nbytes for values in model.parameters() if values.requires_grad)
    own = sum(values.nbytes for values in tensors) + 3 * learned
    return WindowMemory(peak, kept[0], linear_bytes(model, frames, side), own)


def linear_bytes(model: nn.Module, frames: int, side: int) -> int:
    """Bytes that a window needs, in float32, however few clips are encoded at a time.

    Its frames; the tokens that enter each block, since it is computed again from them; the hidden
    values of its adapter, which sees beyond the clips that are encoded together; and in the
    backward pass the gradient of the tokens.
    """
    backbone = model.backbone
    sides = side // backbone.patch_size
    stream = frames // backbone.tubelet_size * sides**2 * backbone.embed_dims
    adapters = [block.adapter for block in backbone.blocks if hasattr(block, 'adapter')]
    hidden = sum(stream * each.down.out_features // each.down.in_features for each in adapters)
    return 3 * frames * side**2 + 4 * ((len(backbone.blocks) + 1) * stream + hidden)


def _noise(frames: int, side: int) -> dict[str, list[object]]:
    """A batch of one window with one segment."""
    grid = FeatureGrid(fps=30.0, stride=4, window=1)
    meta = {'video_id': 'noise', 'duration': frames * 4 / 30, 'fps': 30.0, 'grid': grid}
    truth = InstanceData(
        segments=torch.tensor([[0.25 * frames, 0.5 * frames]]), labels=torch.tensor([0])
    )
    window = torch.randint(0, 255, (frames, side, side, 3), dtype=torch.uint8)
    return {
        'inputs': [window],
        'data_samples': [BaseDataElement(metainfo=meta, gt_instances=truth)],
    }
