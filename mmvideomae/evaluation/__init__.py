"""Metrics: predictions -> numbers."""

from mmvideomae.evaluation.accuracy import AccMetric
from mmvideomae.evaluation.ava_metric import AVAMetric
from mmvideomae.evaluation.frame_map import FrameMAP
from mmvideomae.evaluation.label_map import MultiLabelMAP
from mmvideomae.evaluation.linear_probe import LinearProbeMetric
from mmvideomae.evaluation.masked_codes import MaskedCodeMetric
from mmvideomae.evaluation.segment_map import SegmentMAP

__all__ = [
    'AVAMetric',
    'AccMetric',
    'FrameMAP',
    'LinearProbeMetric',
    'MaskedCodeMetric',
    'MultiLabelMAP',
    'SegmentMAP',
]
