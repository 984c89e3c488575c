"""Batches of feature sequences of different lengths."""

from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch.nn import functional as F

from mmvideomae.registry import MODELS


@MODELS.register_module()
class FeatureDataPreprocessor(BaseDataPreprocessor):
    """Pad feature sequences: a list of (D, L) -> ``inputs`` (B, D, L), ``masks`` (B, 1, L) bool.

    Masks are True at real steps.  Sequences are padded to ``max_seq_len`` in training and in
    evaluation; longer ones, allowed in evaluation only, are padded to a multiple of
    ``length_divisor``, as in ActionFormer.

    Args:
        max_seq_len: Number of steps.
        length_divisor: The model needs lengths that are multiples of it.
        pad_value: Value of the padding.

    Raises:
        ValueError: ``max_seq_len`` is not a multiple of ``length_divisor``.
    """

    def __init__(
        self,
        max_seq_len: int = 2304,
        length_divisor: int = 1,
        pad_value: float = 0.0,
        non_blocking: bool = True,
    ) -> None:
        super().__init__(non_blocking=non_blocking)
        if max_seq_len < 1 or max_seq_len % length_divisor:
            raise ValueError(
                f'max_seq_len must be a multiple of {length_divisor}, got {max_seq_len}'
            )
        self.max_seq_len, self.length_divisor = max_seq_len, length_divisor
        self.pad_value = pad_value

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Prepare the batch on the device.

        Raises:
            ValueError: A sequence is empty or not (D, L), widths differ, or one is too long to
                train on; the message names the video.
        """
        batch = self.cast_data(data)
        inputs, samples = batch['inputs'], batch.get('data_samples')
        names = [f'sample {row}' for row in range(len(inputs))]
        if samples is not None:
            names = [f'video {sample.get("video_id")}' for sample in samples]
        for name, features in zip(names, inputs, strict=True):
            if features.ndim != 2 or not features.shape[1] or len(features) != len(inputs[0]):
                raise ValueError(
                    f'{name}: features must be (D, L) with L > 0 and D = {len(inputs[0])} as in '
                    f'the rest of the batch, not {tuple(features.shape)}'
                )
            if training and features.shape[1] > self.max_seq_len:
                raise ValueError(
                    f'{name}: {features.shape[1]} steps in training, but max_seq_len is '
                    f'{self.max_seq_len}: crop them in the pipeline'
                )
        lengths = torch.tensor([features.shape[1] for features in inputs])
        padded = self._padded_length(int(lengths.max()))
        rows = [
            F.pad(features.float(), (0, padded - features.shape[1]), value=self.pad_value)
            for features in inputs
        ]
        masks = torch.arange(padded)[None, None] < lengths[:, None, None]
        return {**batch, 'inputs': torch.stack(rows), 'masks': masks.to(rows[0].device)}

    def _padded_length(self, longest: int) -> int:
        if longest <= self.max_seq_len:
            return self.max_seq_len
        return -(-longest // self.length_divisor) * self.length_divisor
