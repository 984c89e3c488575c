"""Self-supervised methods, composed of registered parts."""

from mmvideomae.models.pretrainers.masked import MaskedPretrainer, ReconstructionOutput
from mmvideomae.models.pretrainers.videomae import VideoMAE

__all__ = ['MaskedPretrainer', 'ReconstructionOutput', 'VideoMAE']
