"""Readers: from a video file or a folder of frames to frames by index."""

from mmvideomae.datasets.readers.base import VideoReader, VideoReadError
from mmvideomae.datasets.readers.frame_folder import FrameFolderReader, check_template, first_frame
from mmvideomae.datasets.readers.limits import ReadLimits
from mmvideomae.datasets.readers.opening import BACKENDS, open_reader

__all__ = [
    'BACKENDS',
    'FrameFolderReader',
    'ReadLimits',
    'VideoReadError',
    'VideoReader',
    'check_template',
    'first_frame',
    'open_reader',
]
