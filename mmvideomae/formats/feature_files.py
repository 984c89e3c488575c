"""Feature files of videos: the times of their steps, and checks of their content."""

import math
import os
from dataclasses import dataclass

import numpy as np

from mmvideomae.errors import UserError
from mmvideomae.formats.annotated_videos import durations_differ, find_clock_fault, rates_differ
from mmvideomae.formats.feature_info import FeatureInfo
from mmvideomae.ops.feature_grid import FeatureGrid
from mmvideomae.storage.remote import (
    AddressError,
    UnreachableError,
    is_elsewhere,
    open_bytes,
    without_secrets,
)

# For features without a sidecar: published ones match loosely, but a wrong stride does not.
_RATIO, _SLACK = 1.5, 5.0


class FeatureError(UserError, ValueError):
    """The features of a video cannot be used; the message names the video and says why.

    It can be pickled, as data-loader workers require.
    """

    def __init__(self, video_id: str, path: str | os.PathLike[str], reason: str) -> None:
        self.video_id = video_id
        self.path = without_secrets(os.fspath(path))
        super().__init__(f'video {video_id!r}, features {self.path}: {reason}')
        self.reason = reason

    def __reduce__(self) -> tuple[type['FeatureError'], tuple[str, str, str]]:
        return type(self), (self.video_id, self.path, self.reason)


@dataclass(frozen=True)
class FeatureFormat:
    """How the features of a data set were made, according to its config.

    A sidecar (`FeatureInfo`) must agree with it; without a sidecar, nothing else is known.
    None leaves a value to the sidecar.

    Attributes:
        stride: Frames from one feature to the next, or ``'even'``: any number of features is
            spread evenly over the video (published features with a fixed length).
        window: Frames from which a feature is computed; none for ``'even'`` features.
        interval: Frames from one of them to the next; 1 without a sidecar.
        offset: First frame of the first window; 0 without a sidecar.
        fps: Frames per second of the frames counted here.
        width: D.
    """

    stride: float | str | None = None
    window: int | None = None
    interval: int | None = None
    offset: float | None = None
    fps: float | None = None
    width: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.stride, str) and self.stride != 'even':
            raise ValueError(f"stride must be a number of frames or 'even', got {self.stride!r}")


@dataclass(frozen=True)
class FeatureFile:
    """A feature file whose header has been read.

    Attributes:
        grid: The times of its steps.
        duration: Duration of the video in seconds.
        steps: L.
    """

    grid: FeatureGrid
    duration: float
    steps: int


def inspect_features(
    video_id: str,
    path: str | os.PathLike[str],
    expected: FeatureFormat,
    duration: float | None = None,
    fps: float | None = None,
) -> FeatureFile:
    """Read the header of a feature file and its sidecar, and compare them with expectations.

    Args:
        video_id: Name of the video.
        path: Its ``.npy`` file, or the address of one.
        expected: The format in the config.
        duration: Duration from the annotation, in seconds.
        fps: Frame rate from the annotation.

    Raises:
        FeatureError: The file is missing, truncated, not an array (L, D), has no steps or another
            width, or the information is contradictory or insufficient.
    """
    shape = _read_shape(video_id, path, expected.width)
    try:
        info = _read_info(path)
        if expected.stride != 'even' and info is not None:
            return _described(info, expected, duration, fps, shape)
        if info is not None:
            _check_shape(shape, info)
        if expected.stride == 'even':
            return _spread(expected, duration, fps, shape[0])
        return _assumed(expected, duration, fps, shape[0])
    except ValueError as error:
        raise FeatureError(video_id, path, str(error)) from None


def load_features(video_id: str, path: str | os.PathLike[str], width: int | None) -> np.ndarray:
    """Features (L, D), float32.

    Raises:
        FeatureError: See `inspect_features`, or values are not finite.
    """
    _read_shape(video_id, path, width)
    try:
        with open_bytes(path) as file:
            features = np.load(file).astype(np.float32, copy=False)
    except UnreachableError:
        raise
    except (OSError, ValueError) as error:
        raise FeatureError(video_id, path, f'they cannot be read: {error}') from None
    good = np.isfinite(features).all(axis=1)
    if not good.all():
        step = int(np.flatnonzero(~good)[0])
        raise FeatureError(
            video_id,
            path,
            f'{int((~good).sum())} of {len(good)} steps contain NaN or infinity, the first one is '
            f'step {step}; extract them again',
        )
    return features


def _read_info(path: str | os.PathLike[str]) -> FeatureInfo | None:
    try:
        return FeatureInfo.read(path)
    except FileNotFoundError:
        return None


def _read_shape(video_id: str, path: str | os.PathLike[str], width: int | None) -> tuple[int, int]:
    """(L, D) by the file's header."""
    if not is_elsewhere(path) and not os.path.isfile(path):
        raise FeatureError(video_id, path, 'they are missing; extract them or fix feature_dir')
    try:
        with open_bytes(path) as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0
            if version != (1, 0):
                read = np.lib.format.read_array_header_2_0
            shape, _, dtype = read(file)
            begin = file.tell()
            held = file.seek(0, os.SEEK_END) - begin
    except UnreachableError:
        raise
    except AddressError as error:
        raise FeatureError(video_id, path, error.reason) from None
    except (OSError, ValueError) as error:
        raise FeatureError(video_id, path, f'this is not a NumPy array: {error}') from None
    if len(shape) != 2 or dtype.kind != 'f':
        told = f'expected numbers of shape (L, D), got {shape} of {dtype}'
        raise FeatureError(video_id, path, told)
    if not shape[0]:
        raise FeatureError(video_id, path, 'they have no steps (zero length)')
    if not shape[1]:
        raise FeatureError(video_id, path, f'their width is 0 (shape {shape})')
    if held < (size := math.prod(shape) * dtype.itemsize):
        told = f'the file is truncated: it holds {held} of the {size} bytes of shape {shape}'
        raise FeatureError(video_id, path, f'{told}; copy or extract it again')
    if width is not None and shape[1] != width:
        swapped = '; transpose them' if shape[0] == width else ''
        told = f'their width is {shape[1]}, but width={width} is expected (shape {shape}){swapped}'
        raise FeatureError(video_id, path, told)
    return shape


def _check_shape(shape: tuple[int, int], info: FeatureInfo) -> None:
    """Check that an array has the shape that its sidecar describes."""
    wanted = info.grid.num_steps(info.frames), info.width
    if shape == wanted:
        return
    told = (
        f'they have {shape[0]} steps of width {shape[1]}, but their sidecar '
        f'{info.video_id}.json says {wanted[0]} steps of width {wanted[1]}'
    )
    if shape == wanted[::-1]:
        raise ValueError(f'{told}: transpose them')
    raise ValueError(
        f'{told} ({info.frames} frames, a window of {info.window} x {info.interval} every '
        f'{info.stride:g}): features and sidecar are from different runs or were changed; extract '
        'them again, or remove a wrong sidecar and set stride and window in the config'
    )


def _described(
    info: FeatureInfo,
    expected: FeatureFormat,
    duration: float | None,
    fps: float | None,
    shape: tuple[int, int],
) -> FeatureFile:
    """The file described by its sidecar."""
    info.check(
        {
            key: getattr(expected, key)
            for key in ('stride', 'window', 'interval', 'offset', 'fps', 'width')
        }
    )
    _check_shape(shape, info)
    if durations_differ(info.frames / info.fps, info.duration):
        raise ValueError(
            f'their sidecar contradicts itself: {info.frames} frames at {info.fps:g} fps do not '
            f'last {info.duration:.2f} s; extract them again'
        )
    made_at = info.fps if info.video_fps is None else info.video_fps
    if fault := find_clock_fault(made_at, info.duration, fps, duration):
        raise ValueError(f'they were made from a video of {fault}')
    return FeatureFile(info.grid, info.duration, shape[0])


def _assumed(
    expected: FeatureFormat, duration: float | None, fps: float | None, steps: int
) -> FeatureFile:
    """The file described by the config, for features without a sidecar."""
    rate = _rate(expected, fps)
    if isinstance(expected.stride, str) or expected.stride is None or expected.window is None:
        raise ValueError('they have no sidecar, and the config has no stride and window')
    grid = FeatureGrid(
        rate, expected.stride, expected.window, expected.interval or 1, expected.offset or 0
    )
    end = float(grid.to_seconds(steps - 1)) + 0.5 * grid.span / rate
    if duration is None:
        return FeatureFile(grid, end, steps)
    if not 1 / _RATIO < (end + _SLACK) / (duration + _SLACK) < _RATIO:
        raise ValueError(
            f'{steps} steps of stride {expected.stride} at {rate:g} fps last {end:.1f} s, but the '
            f'annotation says {duration:.1f} s; fix stride or fps'
        )
    return FeatureFile(grid, duration, steps)


def _spread(
    expected: FeatureFormat, duration: float | None, fps: float | None, steps: int
) -> FeatureFile:
    """Features spread evenly over the video: step i is at (i + 0.5) / L of its duration."""
    if duration is None:
        raise ValueError("features of stride='even' need the duration in the annotation")
    rate = expected.fps or fps or 1.0  # cancels out, since the grid depends on the duration
    stride = duration * rate / steps
    return FeatureFile(FeatureGrid(rate, stride, 1, 1, 0.5 * (stride - 1)), duration, steps)


def _rate(expected: FeatureFormat, fps: float | None) -> float:
    """Frames per second from config and annotation, which must agree."""
    if expected.fps and fps and rates_differ(expected.fps, fps):
        raise ValueError(f'the config says {expected.fps:g} fps, but the annotation {fps:g}')
    rate = expected.fps or fps
    if rate is None:
        raise ValueError('they have no sidecar, and neither the config nor the annotation has fps')
    return rate
