"""Make lists for training from the official annotation files of data sets."""

from mmvideomae.preparation.lists.clips import ListedClip, VideoSet
from mmvideomae.preparation.lists.files import AssumedVideos, FrameFolders, VideoFiles
from mmvideomae.preparation.lists.writing import Summary, write_lists

__all__ = [
    'AssumedVideos',
    'FrameFolders',
    'ListedClip',
    'Summary',
    'VideoFiles',
    'VideoSet',
    'write_lists',
]
