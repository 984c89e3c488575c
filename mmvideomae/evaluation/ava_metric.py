"""mmaction2's AVA metric, for comparison with its numbers."""

from collections.abc import Sequence
from typing import Any

from mmaction.evaluation import AVAMetric as MMActionMetric
from torch.nn.functional import pad

from mmvideomae.evaluation.arrays import finite
from mmvideomae.registry import METRICS


@METRICS.register_module()
class AVAMetric(MMActionMetric):
    """mmaction2's ``AVAMetric`` for the predictions of our detectors.

    It expects a score for the background before the K others, so a column of zeros is added,
    and it reads only whole seconds.  `FrameMAP` lists its other properties and needs no files.

    Arguments and metrics are mmaction2's; ``num_classes`` is K + 1.

    Raises:
        ValueError: The model has another number of classes, or a second is not whole.
        NotFiniteError: Boxes or scores are not finite.
    """

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the predictions of one batch."""
        super().process(data_batch, [self._theirs(sample) for sample in data_samples])

    def _theirs(self, sample: dict[str, Any]) -> dict[str, Any]:
        second, found = float(sample['timestamp']), sample['pred_instances']
        if second != int(second):
            raise ValueError(
                f'AVAMetric reads only whole seconds, but video {sample["video_id"]!r} has a key '
                f'frame at {second:g}: use FrameMAP'
            )
        classes = found['scores'].shape[1]
        if classes + 1 != self.num_classes:
            raise ValueError(
                f'AVAMetric has num_classes={self.num_classes}, including the background, but the '
                f'model has {classes} classes: set num_classes={classes + 1}'
            )
        told = f'predicted for second {second:g} of video {sample["video_id"]!r}'
        for key in ('bboxes', 'scores'):
            finite(found[key], f'{key} {told}')
        predicted = {'bboxes': found['bboxes'], 'scores': pad(found['scores'], (1, 0))}
        return {**sample, 'timestamp': int(second), 'pred_instances': predicted}
