"""Self-supervised methods, composed of registered parts."""

from mmvideomae.models.pretrainers.masked import MaskedPretrainer, ReconstructionOutput
from mmvideomae.models.pretrainers.tokenizer import TokenizerTrainer
from mmvideomae.models.pretrainers.videomae import VideoMAE
from mmvideomae.models.pretrainers.vimpac import VIMPAC

__all__ = ['VIMPAC', 'MaskedPretrainer', 'ReconstructionOutput', 'TokenizerTrainer', 'VideoMAE']
