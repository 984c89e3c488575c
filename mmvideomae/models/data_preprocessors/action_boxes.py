"""Batches of clips of any size with boxes of people."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from mmvideomae.models.data_preprocessors.clips import ClipDataPreprocessor
from mmvideomae.registry import MODELS


@MODELS.register_module()
class ActionBoxDataPreprocessor(ClipDataPreprocessor):
    """Clips uint8 (1, T, H, W, C), a list or stacked -> normalised float32 (B, C, T, H', W').

    Clips are padded with zeros on the right and at the bottom to the largest size in the batch,
    rounded up to whole patches, so boxes in pixels remain valid.  The samples' metainfo gets that
    size as ``batch_input_shape`` (H', W').

    Args:
        mean: Per channel, in 0 to 255; the default is that of VideoMAE on AVA.
        std: Per channel, in 0 to 255, likewise.
        pad_divisor: Height and width are padded to multiples of it; the encoder's patch size.
    """

    def __init__(
        self,
        mean: tuple[float, ...] = (122.7717, 115.9465, 102.9801),
        std: tuple[float, ...] = (57.375, 57.375, 57.375),
        pad_divisor: int = 16,
        non_blocking: bool = True,
    ) -> None:
        super().__init__(mean, std, non_blocking)
        if pad_divisor < 1:
            raise ValueError(f'pad_divisor must be at least 1, got {pad_divisor}')
        self.pad_divisor = pad_divisor

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Prepare the batch on the device.

        Raises:
            ValueError: A clip is not (1, T, H, W, C), the clips differ in T or C, or a sample
                has no ``proposals``, the boxes to classify.
        """
        samples = data.get('data_samples')
        _check(data['inputs'], samples)
        batch = self.cast_data(data)
        clips = [clip[0].permute(3, 0, 1, 2) for clip in batch['inputs']]
        height, width = (
            -(-max(clip.shape[side] for clip in clips) // self.pad_divisor) * self.pad_divisor
            for side in (2, 3)
        )
        inputs = torch.zeros(len(clips), *clips[0].shape[:2], height, width, device=clips[0].device)
        for row, clip in zip(inputs, clips, strict=True):
            row[:, :, : clip.shape[2], : clip.shape[3]] = self.normalise(clip)
        for sample in batch.get('data_samples') or ():
            sample.set_metainfo({'batch_input_shape': (height, width)})
        return {**batch, 'inputs': inputs}


def _check(inputs: Sequence[Tensor], samples: Sequence[BaseDataElement] | None) -> None:
    """Check a batch of clips with boxes; see `ActionBoxDataPreprocessor.forward`."""
    shapes = [tuple(clip.shape) for clip in inputs]
    if any(len(shape) != 5 or shape[0] != 1 for shape in shapes):
        raise ValueError(
            f'a clip must have shape (1, T, H, W, C), not {shapes[0]}; end the pipeline with '
            'PackActionBoxes'
        )
    if len({(shape[1], shape[4]) for shape in shapes}) > 1:
        raise ValueError(f'the clips of the batch differ in frames or channels: {shapes}')
    for sample in samples or ():
        if 'proposals' not in sample:
            raise ValueError(
                f'video {sample.get("video_id")} at {sample.get("second")} s has no proposals, '
                'the boxes to classify; end the pipeline with PackActionBoxes'
            )
