"""Tokenizers, which turn frames into grids of discrete codes and back."""

from mmvideomae.models.tokenizers.dalle import DalleTokenizer
from mmvideomae.models.tokenizers.quantizer import MovingAverageQuantizer
from mmvideomae.models.tokenizers.tokenizer import Tokenizer
from mmvideomae.models.tokenizers.vq_vae import VQVAE

__all__ = ['VQVAE', 'DalleTokenizer', 'MovingAverageQuantizer', 'Tokenizer']
