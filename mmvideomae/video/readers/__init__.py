"""Readers of single frames, by index, from video files and folders of frames."""

from mmvideomae.storage.remote import fetch_ahead, is_there, join_place, without_secrets
from mmvideomae.video.readers.base import VideoReader, VideoReadError
from mmvideomae.video.readers.file_state import FileKey
from mmvideomae.video.readers.frame_folder import FrameFolderReader, check_template, first_frame
from mmvideomae.video.readers.guard import GuardedReader
from mmvideomae.video.readers.helper import helper_seconds
from mmvideomae.video.readers.limits import ReadLimits
from mmvideomae.video.readers.opening import BACKENDS, index_key_of, open_reader
from mmvideomae.video.readers.sizes import short_side_shape

__all__ = [
    'BACKENDS',
    'FileKey',
    'FrameFolderReader',
    'GuardedReader',
    'ReadLimits',
    'VideoReadError',
    'VideoReader',
    'check_template',
    'fetch_ahead',
    'first_frame',
    'helper_seconds',
    'index_key_of',
    'is_there',
    'join_place',
    'open_reader',
    'short_side_shape',
    'without_secrets',
]
