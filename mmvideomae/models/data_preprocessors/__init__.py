"""From the loader's batch to what a model is given, on the device."""

from mmvideomae.models.data_preprocessors.videomae import VideoMAEDataPreprocessor

__all__ = ['VideoMAEDataPreprocessor']
