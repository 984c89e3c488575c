"""From the official annotation files of data sets to the lists that training reads."""

from mmvideomae.apis.preparation.clips import Clip, VideoSet
from mmvideomae.apis.preparation.files import AssumedVideos, FrameFolders, VideoFiles
from mmvideomae.apis.preparation.lists import Summary, write_lists

__all__ = [
    'AssumedVideos',
    'Clip',
    'FrameFolders',
    'Summary',
    'VideoFiles',
    'VideoSet',
    'write_lists',
]
