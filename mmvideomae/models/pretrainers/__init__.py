"""Self-supervised methods, composed of registered parts."""

from mmvideomae.models.pretrainers.videomae import ReconstructionOutput, VideoMAE

__all__ = ['ReconstructionOutput', 'VideoMAE']
