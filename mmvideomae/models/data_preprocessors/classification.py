"""Batches of labelled clips: normalised, erased and mixed on the device."""

from typing import Any

import torch
from mmaction.structures import ActionDataSample
from timm.data.mixup import Mixup, mixup_target
from torch import Tensor

from mmvideomae.models.data_preprocessors.clips import ClipDataPreprocessor
from mmvideomae.ops.labels import smooth_many
from mmvideomae.registry import MODELS


@MODELS.register_module()
class ClassificationDataPreprocessor(ClipDataPreprocessor):
    """Prepare labelled clips for a recognizer.

    In training, ``inputs`` uint8 (B, R, T, H, W, C) -> float32 (B * R, 1, C, T, H, W), with the
    R views of a video adjacent and a data sample for each.  Clips are normalised; the box in
    ``erase_box`` (B, R, 4) - top, left, height, width - is overwritten in all frames by
    standard normal noise; then clips are mixed with the batch in reverse order.  Mixing and
    smoothing make labels soft; a batch may lack labels (a student of `DistilledRecognizer`
    needs none).  Several labels a clip, rows of 0 and 1, are mixed and smoothed alike.
    (VideoMAE's fine-tuning recipe, V1 Table 10.)

    Otherwise (B, V, T, H, W, C) -> (B, V, C, T, H, W), still uint8: the recognizer
    normalises the views of each forward pass, see `Recognizer3D`.

    Args:
        mean: Per channel, in 0 to 255.
        std: Per channel, in 0 to 255.
        blend: Arguments of timm's `Mixup`: ``mixup_alpha``, ``cutmix_alpha``, ``prob``,
            ``switch_prob``; one draw per batch.  None mixes nothing.
        label_smoothing: Share of a label spread evenly over all classes; of several labels a
            clip, each moves by this share towards one half.
        num_classes: Number of classes K; needed for soft labels.

    Raises:
        ValueError: Soft labels without ``num_classes``, or an odd number of clips to mix.
    """

    def __init__(
        self,
        mean: tuple[float, ...] = (123.675, 116.28, 103.53),
        std: tuple[float, ...] = (58.395, 57.12, 57.375),
        blend: dict[str, Any] | None = None,
        label_smoothing: float = 0.0,
        num_classes: int | None = None,
        non_blocking: bool = True,
    ) -> None:
        super().__init__(mean, std, non_blocking)
        if (blend or label_smoothing) and not num_classes:
            raise ValueError('blend and label_smoothing need num_classes')
        self.label_smoothing, self.num_classes = label_smoothing, num_classes
        self.blend = blend
        self.mixup: Mixup | None = None
        if blend:
            self.mixup = Mixup(**blend, label_smoothing=label_smoothing, num_classes=num_classes)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        boxes = data.get('erase_box')  # stays on the CPU, where it is needed
        batch = self.on_device({key: data[key] for key in data if key != 'erase_box'})
        if not training:
            return batch
        inputs = batch['inputs']
        repeats = inputs.shape[1]
        clips = self.normalise(inputs.flatten(0, 1))
        if boxes is not None:
            erase(clips, boxes.flatten(0, 1))
        samples = [sample for sample in batch['data_samples'] for _ in range(repeats)]
        if all('gt_label' in sample for sample in samples):
            labels = _gathered([sample.gt_label for sample in samples]).to(clips.device)
            pairs = zip(samples, self._blend(clips, labels), strict=True)
            samples = [_relabelled(sample, label) for sample, label in pairs]
        else:
            self._blend(clips, torch.zeros(len(clips), dtype=torch.int64, device=clips.device))
        return {**batch, 'inputs': clips[:, None], 'data_samples': samples}

    def _blend(self, clips: Tensor, labels: Tensor) -> Tensor:
        """Mix (B, C, T, H, W) in place; labels (B,) -> (B,) or soft (B, K), (B, K) -> (B, K)."""
        several = labels.ndim == 2
        if not self.num_classes or not (self.mixup or self.label_smoothing):
            return labels
        if self.mixup is None:
            if several:
                return smooth_many(labels, self.label_smoothing)
            return mixup_target(labels, self.num_classes, smoothing=self.label_smoothing)
        if len(clips) % 2:
            raise ValueError(
                f'mixup pairs the clips of a batch, but there are {len(clips)}: make batch_size x '
                'num_repeats even and drop the last batch (drop_last=True)'
            )
        # With this view, timm's mixing of images treats all frames of a clip alike.
        frames = clips.flatten(1, 2)
        if several:
            return self._blend_several(frames, smooth_many(labels, self.label_smoothing))
        return self.mixup(frames, labels)[1]

    def _blend_several(self, frames: Tensor, labels: Tensor) -> Tensor:
        """Mix (B, C * T, H, W) in place, and rows of labels (B, K) in the same shares."""
        count = len(frames)  # as many classes as clips: the labels are then the shares of clips
        mixup = Mixup(**(self.blend or {}), label_smoothing=0.0, num_classes=count)
        kept = mixup(frames, torch.arange(count, device=frames.device))[1].diagonal()[:, None]
        return kept * labels + (1 - kept) * labels.flip(0)


def _gathered(labels: list[Tensor]) -> Tensor:
    """One label of each clip -> (B,); rows of labels -> (B, K)."""
    return torch.stack(labels) if labels[0].is_floating_point() else torch.cat(labels)


def erase(clips: Tensor, boxes: Tensor) -> None:
    """Overwrite a box of each clip (B, C, T, H, W) with standard normal noise, in place.

    Args:
        boxes: (B, 4), top, left, height, width in pixels, the same in all frames.
    """
    for clip, (top, left, height, width) in zip(clips, boxes.tolist(), strict=True):
        if height and width:
            clip[:, :, top : top + height, left : left + width].normal_()


def _relabelled(sample: ActionDataSample, label: Tensor) -> ActionDataSample:
    """A sample with the same metainfo and a new label: a class or a row of shares."""
    return ActionDataSample(metainfo=sample.metainfo).set_gt_label(label.reshape(-1))
