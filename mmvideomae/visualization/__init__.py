"""Tensors to pictures."""

from mmvideomae.visualization.hook import ReconstructionVisHook

__all__ = ['ReconstructionVisHook']
