"""The version of mmvideomae; nothing else."""

__version__ = '0.1.0'
