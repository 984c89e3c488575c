"""Batches of windows of untrimmed videos."""

from dataclasses import replace
from typing import Any

import torch
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor

from mmvideomae.models.data_preprocessors.clips import ClipDataPreprocessor
from mmvideomae.ops.feature_grid import FeatureGrid
from mmvideomae.registry import MODELS


@MODELS.register_module()
class WindowDataPreprocessor(ClipDataPreprocessor):
    """Pad windows: a list of uint8 (T, H, W, C) -> ``inputs`` (B, C, num_frames, H, W), uint8.

    A window with fewer frames repeats its last one.  ``masks`` (B, 1, num_steps) are True at
    steps that have a real frame.  The localizer normalises clips when it encodes them, so that a
    window is never held as floats.

    The samples' ``grid`` and the ``segments`` of ``gt_instances`` have a step for each frame; they
    are converted to the steps of the detector.

    Args:
        num_frames: Frames of a window.
        frames_per_step: Frames for each step of the detector.
        step_at_start: A step is at the start of its first frame, as in OpenTAD, not at the middle
            of its frames.
        mean: Per channel, in 0 to 255.
        std: Per channel, in 0 to 255.

    Raises:
        ValueError: ``num_frames`` is not a multiple of ``frames_per_step``.
    """

    def __init__(
        self,
        num_frames: int = 768,
        frames_per_step: int = 1,
        step_at_start: bool = False,
        mean: tuple[float, ...] = (123.675, 116.28, 103.53),
        std: tuple[float, ...] = (58.395, 57.12, 57.375),
        non_blocking: bool = True,
    ) -> None:
        super().__init__(mean, std, non_blocking)
        if min(num_frames, frames_per_step) < 1 or num_frames % frames_per_step:
            raise ValueError(
                f'num_frames {num_frames} is not a multiple of frames_per_step {frames_per_step}'
            )
        self.num_frames, self.frames_per_step = num_frames, frames_per_step
        self.step_at_start = step_at_start

    @property
    def num_steps(self) -> int:
        """Steps of a window."""
        return self.num_frames // self.frames_per_step

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Prepare the batch on the device.

        Raises:
            ValueError: A window is not uint8 (T, H, W, C) with 1 to ``num_frames`` frames, or
                sizes differ; the message names the video.
        """
        batch = self.cast_data(data)
        windows, samples = batch['inputs'], batch.get('data_samples')
        names = [f'sample {row}' for row in range(len(windows))]
        if samples is not None:
            names = [f'video {sample.get("video_id")}' for sample in samples]
        for name, window in zip(names, windows, strict=True):
            self._check(name, window, windows[0])
        counts = torch.tensor([-(-len(window) // self.frames_per_step) for window in windows])
        masks = torch.arange(self.num_steps)[None, None] < counts[:, None, None]
        inputs = torch.stack([self._padded(window) for window in windows])
        batch = {**batch, 'inputs': inputs, 'masks': masks.to(inputs.device)}
        if samples is not None:
            batch['data_samples'] = [self._in_steps(sample) for sample in samples]
        return batch

    def _check(self, name: str, window: Tensor, first: Tensor) -> None:
        if window.dtype != torch.uint8 or window.ndim != 4 or window.shape[3] != len(self.mean):
            raise ValueError(
                f'{name}: a window must be frames, uint8 (T, H, W, {len(self.mean)}), not '
                f'{str(window.dtype).removeprefix("torch.")} {tuple(window.shape)}; feature files '
                'need a config of ActionFormer'
            )
        if not 1 <= len(window) <= self.num_frames:
            raise ValueError(
                f'{name}: {len(window)} frames in a window, but num_frames of the data '
                f'preprocessor is {self.num_frames}: use the same number in the data set'
            )
        if window.shape[1:] != first.shape[1:]:
            raise ValueError(
                f'{name}: frames of {window.shape[1]}x{window.shape[2]} pixels, but '
                f'{first.shape[1]}x{first.shape[2]} in the same batch: resize or crop them'
            )

    def _padded(self, window: Tensor) -> Tensor:
        """(T, H, W, C) -> (C, num_frames, H, W)."""
        last = window[-1:].expand(self.num_frames - len(window), -1, -1, -1)
        return torch.cat([window, last]).permute(3, 0, 1, 2)

    def _in_steps(self, sample: BaseDataElement) -> BaseDataElement:
        """The sample with its grid and segments on the steps of the detector."""
        grid = self._grid(sample.grid)
        changed = BaseDataElement(metainfo={**sample.metainfo, 'grid': grid})
        if 'gt_instances' in sample:
            truth = sample.gt_instances
            # In double precision, since a window may begin hours after the start of its video.
            seconds = sample.grid.to_seconds(truth.segments.double())
            segments = grid.to_steps(seconds).float()
            changed.gt_instances = InstanceData(segments=segments, labels=truth.labels)
        return changed

    def _grid(self, frames: FeatureGrid) -> FeatureGrid:
        """The grid of the detector's steps, given that of the frames."""
        if not self.step_at_start:
            return frames.resampled(self.num_frames, self.num_steps)
        stride, offset = frames.stride * self.frames_per_step, frames.offset - 0.5 * frames.span
        return replace(frames, stride=stride, offset=offset)
