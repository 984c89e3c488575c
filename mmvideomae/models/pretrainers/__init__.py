"""Self-supervised methods, composed of registered parts."""

from mmvideomae.models.pretrainers.attention_masker import AttentionMasker
from mmvideomae.models.pretrainers.branched import BranchedPretrainer
from mmvideomae.models.pretrainers.masked import MaskedPretrainer, ReconstructionOutput
from mmvideomae.models.pretrainers.moco import MoCoV3
from mmvideomae.models.pretrainers.tokenizer import TokenizerTrainer
from mmvideomae.models.pretrainers.two_masks import TwoMaskPretrainer
from mmvideomae.models.pretrainers.videomae import VideoMAE
from mmvideomae.models.pretrainers.vimpac import VIMPAC

__all__ = [
    'VIMPAC',
    'AttentionMasker',
    'BranchedPretrainer',
    'MaskedPretrainer',
    'MoCoV3',
    'ReconstructionOutput',
    'TokenizerTrainer',
    'TwoMaskPretrainer',
    'VideoMAE',
]
