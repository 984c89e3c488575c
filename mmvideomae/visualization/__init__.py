"""Turn tensors and results into pictures, videos and pages."""

from mmvideomae.visualization.hook import ReconstructionVisHook

__all__ = ['ReconstructionVisHook']
