"""Work-arounds for what reads videos and pictures."""

from typing import Any

from mmvideomae.compat.versions import release


def import_torch_before_decord() -> None:
    """Load torch before anything of ours can load decord.

    Upstream: decord 0.6.0, whose wheel brings its own copies of libraries.  With some builds of
    torch, a process that loads them first crashes with a segmentation fault.  It was not seen with
    torch 2.11 on Linux, but the order costs nothing.  Delete when decord is no longer a dependency.
    """
    import torch  # noqa: F401


def opencv_log_levels() -> Any:
    """The module that has ``getLogLevel`` and ``setLogLevel`` of OpenCV.

    Upstream: OpenCV 4.14 and 5 moved both from ``cv2`` to ``cv2.utils.logging``.  Delete when the
    oldest supported OpenCV has them there.
    """
    import cv2

    return cv2 if hasattr(cv2, 'getLogLevel') else cv2.utils.logging


def pyav_settings(options: dict[str, str]) -> dict[str, Any]:
    """The arguments of ``av.open`` that pass options to FFmpeg's demuxer and decoders.

    Upstream: before 17.1 PyAV crashes if it was given options for decoders and a stream is found
    late (FLV, transport streams); options for the container alone do not limit what is decoded to
    find it.  Before 19 it decodes tags, which may be in any encoding and are not used here.
    Delete when PyAV 19 is the oldest supported version.
    """
    import av

    version = release(av.__version__)
    settings: dict[str, Any] = {'options' if version >= (17, 1) else 'container_options': options}
    return settings if version >= (19,) else {**settings, 'metadata_errors': 'ignore'}


def give_extradata(context: Any, data: bytes) -> None:
    """Give one of PyAV's decoders the headers of its stream, with the zeros that must follow them.

    Upstream: PyAV (19 and before) allocates 64 bytes more than the data has and leaves them as they
    are, though FFmpeg's decoders read them and count on zeros.  Reallocating keeps those that were
    given first.  Delete when ``CodecContext.extradata`` clears them.
    """
    context.extradata = data + bytes(64)
    context.extradata = data


def detach_pyav_log() -> None:
    """Keep FFmpeg's threads from passing their messages to Python.

    Upstream: an old torchvision, such as 0.21, sets PyAV's log level when it is imported, and
    PyAV then passes messages to Python (PyAV issue 751).  Closing a decoder waits for its threads
    while holding Python's lock, and a thread with a message may be waiting for that lock: a
    deadlock.  Nobody reads these messages, and errors are raised without them.  Delete when the
    oldest supported torchvision leaves the log alone.
    """
    import av

    if av.logging.get_level() is not None:
        av.logging.set_level(None)
