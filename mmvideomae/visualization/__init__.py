"""Turn tensors and results into pictures, videos and pages."""

from mmvideomae.visualization.encoder_monitor import EncoderMonitorHook
from mmvideomae.visualization.hook import ReconstructionVisHook
from mmvideomae.visualization.projector import EmbeddingVisHook

__all__ = ['EmbeddingVisHook', 'EncoderMonitorHook', 'ReconstructionVisHook']
