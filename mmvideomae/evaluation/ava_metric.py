"""mmaction2's metric of AVA, for those who want its numbers."""

from collections.abc import Sequence
from typing import Any

from mmaction.evaluation import AVAMetric as MMActionMetric
from torch.nn.functional import pad

from mmvideomae.evaluation.arrays import finite
from mmvideomae.registry import METRICS


@METRICS.register_module()
class AVAMetric(MMActionMetric):
    """mmaction2's ``AVAMetric``, given the predictions of our detectors.

    It expects a score for the background before the K others, so one of zeros is put there,
    and reads nothing but whole seconds.  `FrameMAP` says what else it does and needs no files.

    Args and metrics are mmaction2's; ``num_classes`` is K + 1.

    Raises:
        ValueError: A model tells another number of classes apart, or a second is not whole.
        NotFiniteError: Boxes or scores are not numbers.
    """

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the predictions of one batch."""
        super().process(data_batch, [self._theirs(sample) for sample in data_samples])

    def _theirs(self, sample: dict[str, Any]) -> dict[str, Any]:
        second, found = float(sample['timestamp']), sample['pred_instances']
        if second != int(second):
            raise ValueError(
                f'AVAMetric reads whole seconds only, and video {sample["video_id"]!r} has a key '
                f'frame at {second:g}: use FrameMAP'
            )
        classes = found['scores'].shape[1]
        if classes + 1 != self.num_classes:
            raise ValueError(
                f'AVAMetric has num_classes={self.num_classes}, background included, and the '
                f'model tells {classes} classes apart: set num_classes={classes + 1}'
            )
        told = f'predicted for second {second:g} of video {sample["video_id"]!r}'
        for key in ('bboxes', 'scores'):
            finite(found[key], f'{key} {told}')
        predicted = {'bboxes': found['bboxes'], 'scores': pad(found['scores'], (1, 0))}
        return {**sample, 'timestamp': int(second), 'pred_instances': predicted}
