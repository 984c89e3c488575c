"""Turn tensors and results into pictures, videos and pages."""

from mmvideomae.visualization.encoder_monitor import EncoderMonitorHook
from mmvideomae.visualization.hook import ReconstructionVisHook

__all__ = ['EncoderMonitorHook', 'ReconstructionVisHook']
