"""Open video files through FFmpeg: formats that hold videos, and nothing but the file named."""

import errno
import os
from typing import Any

import av

from mmvideomae.compat.video import detach_pyav_log, pyav_settings
from mmvideomae.storage.remote import is_elsewhere, open_bytes
from mmvideomae.video.readers.base import VideoReadError, cause_of
from mmvideomae.video.readers.limits import ReadLimits
from mmvideomae.video.readers.sample_tables import check_sample_tables

# Formats that hold their pictures themselves.  FFmpeg also knows playlists (HLS, DASH, concat),
# series of pictures, captures and text, whose contents name other files, addresses or devices.
_FORMATS = (
    *('mov', 'matroska', 'avi', 'mpegts', 'mpegtsraw', 'mpeg', 'mpegvideo', 'flv', 'live_flv'),
    *('kux', 'asf', 'asf_o', 'ogg', 'rm', 'gif', 'apng', 'mxf', 'nut', 'nuv', 'wtv', 'dv', 'ivf'),
    *('h261', 'h263', 'h264', 'hevc', 'vvc', 'av1', 'obu', 'm4v', 'mjpeg', 'mjpeg_2000', 'vc1'),
    *('vc1test', 'yuv4mpegpipe', 'amv', 'swf', 'gxf', 'nsv', 'pva', 'dhav', 'lmlm4', 'dnxhd'),
    *('dirac', 'cavsvideo', 'avs', 'avs2', 'avs3', 'roq', 'smk', 'bink', 'flic', 'film_cpk', 'xmv'),
)
_BUFFER = 2**17  # bytes that are asked for at once of what is no local file


def open_container(
    path: str | os.PathLike[str],
    limits: ReadLimits | None = None,
    options: dict[str, str] | None = None,
    one_size: bool = True,
) -> av.container.InputContainer:
    """Open a video file with PyAV; all code that reads videos with PyAV uses this.

    Args:
        path: A local file (``a:b.mp4`` is one), an address that fsspec reaches, which FFmpeg gets
            as bytes, or a member of a tar file.
        limits: How much its header may claim.
        options: More options of FFmpeg's demuxer.
        one_size: Refuse a header that tells pictures of several sizes.

    Raises:
        VideoReadError: It holds no video, or lists other files, or more than it can hold.
    """
    detach_pyav_log()
    limits = limits or ReadLimits()
    chosen = {
        'format_whitelist': ','.join(_FORMATS),
        'protocol_whitelist': 'file',
        'max_pixels': str(limits.pixels),
        **(options or {}),
    }
    try:
        check_sample_tables(path, limits, one_size)
        file: Any = open_bytes(path) if is_elsewhere(path) else f'file:{os.fspath(path)}'
        return av.open(file, buffer_size=_BUFFER, **pyav_settings(chosen))
    except VideoReadError:
        raise
    except Exception as error:  # damage can surface as anything
        if isinstance(error, av.FFmpegError) and error.errno == errno.EINVAL:
            reason = 'it is a playlist, or another file that does not hold its pictures itself'
        else:
            reason = cause_of(error)
        raise VideoReadError(path, reason) from None


def video_stream(
    path: str | os.PathLike[str],
    container: av.container.InputContainer,
    limits: ReadLimits,
    threads: int = 1,
) -> av.VideoStream:
    """The stream of pictures, to be decoded within the limits.

    Args:
        threads: That decode; 0: as many as there are cores.

    Raises:
        VideoReadError: There is none, or nothing that decodes it.
    """
    stream = container.streams.best('video')
    if stream is None or stream.codec_context is None:
        raise VideoReadError(path, 'it holds no video stream that can be decoded')
    limit_decoder(stream.codec_context, limits, threads)
    return stream


def limit_decoder(context: av.VideoCodecContext, limits: ReadLimits, threads: int) -> None:
    """Give a decoder that is not open yet its limits, and its threads (0: one for each core)."""
    context.thread_count = threads
    if threads != 1:
        context.thread_type = 'AUTO'
    context.options = {'max_pixels': str(limits.pixels)}


def require_complete(
    path: str | os.PathLike[str],
    stream: av.VideoStream,
    held: int,
    limits: ReadLimits,
    one_size: bool = True,
) -> None:
    """Refuse a file with fewer packets than its header lists.

    Args:
        held: Packets that the file gives of the stream.
        limits, one_size: As it was opened with.
    """
    listed = stream.frames
    if 'mp4' not in stream.container.format.name or held >= listed:
        return  # only this header lists every frame; others merely estimate
    with open_container(path, limits, {'ignore_editlist': '1'}, one_size) as container:
        # A trimmed file keeps all frames, and the edit list passes over some.
        same = container.streams[stream.index]
        held = sum(1 for packet in container.demux(same) if packet.size)
    if held < listed:
        raise VideoReadError(path, f'it lists {listed} frames but holds {held}')
