"""Metrics: predictions -> numbers; and what an encoder knows during its training."""

from mmvideomae.evaluation.accuracy import AccMetric
from mmvideomae.evaluation.ava_metric import AVAMetric
from mmvideomae.evaluation.encoder_monitor import EncoderMonitorHook
from mmvideomae.evaluation.frame_map import FrameMAP
from mmvideomae.evaluation.linear_probe import LinearProbeMetric
from mmvideomae.evaluation.masked_codes import MaskedCodeMetric
from mmvideomae.evaluation.segment_map import SegmentMAP

__all__ = [
    'AVAMetric',
    'AccMetric',
    'EncoderMonitorHook',
    'FrameMAP',
    'LinearProbeMetric',
    'MaskedCodeMetric',
    'SegmentMAP',
]
