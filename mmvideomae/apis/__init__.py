"""What a user calls from Python."""

from mmvideomae.apis.inference import init_model
from mmvideomae.apis.reconstructor import ReconstructedClip, Reconstructor

__all__ = ['ReconstructedClip', 'Reconstructor', 'init_model']
