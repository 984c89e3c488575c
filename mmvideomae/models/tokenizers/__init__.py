"""Frames to grids of discrete codes and back."""

from mmvideomae.models.tokenizers.dalle import DalleTokenizer
from mmvideomae.models.tokenizers.tokenizer import Tokenizer

__all__ = ['DalleTokenizer', 'Tokenizer']
