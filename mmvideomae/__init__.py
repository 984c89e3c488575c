"""mmvideomae: masked video pre-training and what it transfers to."""

from mmvideomae import compat
from mmvideomae.version import __version__

compat.apply()

__all__ = ['__version__']
