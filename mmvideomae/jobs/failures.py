"""Decide whether an exception costs one video or ends the work on all videos."""

import errno
import logging
import sys
import traceback

from mmvideomae.errors import UserError, one_line
from mmvideomae.video.readers import VideoReadError

# Nothing more can be written, for any video.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


def ends_all(error: BaseException) -> bool:
    """Whether the next video would fail too, because the disk is full or the device unusable."""
    torch = sys.modules.get('torch')
    if torch is not None and isinstance(error, torch.cuda.OutOfMemoryError):
        return True
    if isinstance(error, RuntimeError) and 'CUDA error' in str(error):
        return True
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def reason_of(error: Exception) -> str:
    """Why a video failed, in one line; an unexpected exception starts with its class."""
    if isinstance(error, VideoReadError):
        return error.reason
    text = one_line(error)
    if isinstance(error, MemoryError):
        return f'out of memory ({text})' if str(error) else 'out of memory'
    return text if _is_foreseen(error) or not str(error) else f'{type(error).__name__}: {text}'


def lost(error: Exception) -> str:
    """The reason for a failed video, if the work on the rest can continue.

    An unexpected exception is logged with its traceback, since it may be a bug.

    Raises:
        Exception: ``error`` itself, if it ends all work.
    """
    if ends_all(error):
        raise error
    if not _is_foreseen(error):
        from mmengine.logging import print_log  # which imports torch

        trace = ''.join(traceback.format_exception(error))
        print_log(trace, logger='current', level=logging.ERROR)
    return reason_of(error)


def _is_foreseen(error: Exception) -> bool:
    return isinstance(error, (UserError, ValueError, OSError, MemoryError))
