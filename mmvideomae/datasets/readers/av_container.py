"""Open video files through FFmpeg: formats that hold videos, and nothing but the file named."""

import errno
import os

import av

from mmvideomae.datasets.readers.base import VideoReadError, one_line

# Formats that hold their pictures themselves.  FFmpeg also knows playlists (HLS, DASH, concat),
# series of pictures, captures and text, whose contents name other files, addresses or devices.
_FORMATS = (
    *('mov', 'matroska', 'avi', 'mpegts', 'mpegtsraw', 'mpeg', 'mpegvideo', 'flv', 'live_flv'),
    *('kux', 'asf', 'asf_o', 'ogg', 'rm', 'gif', 'apng', 'mxf', 'nut', 'nuv', 'wtv', 'dv', 'ivf'),
    *('h261', 'h263', 'h264', 'hevc', 'vvc', 'av1', 'obu', 'm4v', 'mjpeg', 'mjpeg_2000', 'vc1'),
    *('vc1test', 'yuv4mpegpipe', 'amv', 'swf', 'gxf', 'nsv', 'pva', 'dhav', 'lmlm4', 'dnxhd'),
    *('dirac', 'cavsvideo', 'avs', 'avs2', 'avs3', 'roq', 'smk', 'bink', 'flic', 'film_cpk', 'xmv'),
)
_OPTIONS = {'format_whitelist': ','.join(_FORMATS), 'protocol_whitelist': 'file'}
# Tags may be in any encoding, and nobody asks for them; since PyAV 19 it does not decode them.
_TAGS = {'metadata_errors': 'ignore'} if int(av.__version__.split('.')[0]) < 19 else {}


def open_container(
    path: str | os.PathLike[str], options: dict[str, str] | None = None
) -> av.container.InputContainer:
    """Open a local video file by PyAV; every part of the package that reads videos opens them here.

    Args:
        path: A file; a name like ``a:b.mp4`` is one too, and never an address.
        options: More options of FFmpeg's demuxer.

    Raises:
        VideoReadError: No video, or one that lists others.
    """
    try:
        return av.open(f'file:{os.fspath(path)}', options={**_OPTIONS, **(options or {})}, **_TAGS)
    except (av.FFmpegError, ValueError) as error:
        raise VideoReadError(path, reason_of(error)) from None


def reason_of(error: Exception) -> str:
    """Keep of PyAV's message what went wrong; the path is named elsewhere."""
    if isinstance(error, av.FFmpegError) and error.errno == errno.EINVAL:
        return 'it is a playlist, or another file that does not hold its pictures itself'
    return one_line(getattr(error, 'strerror', None) or error)
