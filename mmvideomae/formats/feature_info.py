"""The description of a feature file: the JSON file beside it."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from mmvideomae.ops.feature_grid import FeatureGrid
from mmvideomae.storage import write_text
from mmvideomae.storage.remote import AddressError, is_address, open_bytes, without_query

_SAME = 1e-4  # relative difference of numbers: 29.97 is 30000 / 1001
_NUMBERS = {
    *('fps', 'frames', 'duration', 'window', 'stride', 'interval', 'offset', 'width', 'video_fps'),
}


@dataclass(frozen=True)
class FeatureInfo:
    """How the features ``ID.npy`` (L, D) of a video were made, kept in ``ID.json``.

    Attributes:
        fps: Frames per second of the video, or of those to which it was resampled.
        frames: Number of these frames.
        duration: In seconds.
        window: Number of frames from which a feature is computed.
        stride: Frames from one feature to the next.
        interval: Frames from one frame of a window to the next.
        offset: First frame of the first window.
        width: D.
        model: Name of the model, such as that of its config.
        checkpoint_sha256: SHA-256 of its weights; empty if they are random.
        reader: The reader that decoded the video.
        preprocessing: How frames were turned into the model's input.
        precision: Precision of the model's computation.
        video_fps: Frames per second of a video that was resampled, else None.
        video_id: Name of the video in errors; not stored.
    """

    fps: float
    frames: int
    duration: float
    window: int
    stride: float
    interval: int
    offset: float
    width: int
    model: str
    checkpoint_sha256: str
    reader: str
    preprocessing: dict[str, Any] = field(default_factory=dict)
    precision: str = 'float32'
    video_fps: float | None = None
    video_id: str = field(default='', compare=False)

    @property
    def grid(self) -> FeatureGrid:
        """The times of the features."""
        return FeatureGrid(self.fps, self.stride, self.window, self.interval, self.offset)

    @classmethod
    def read(cls, npy_path: str | os.PathLike[str], video_id: str | None = None) -> 'FeatureInfo':
        """Read the file beside a feature file.

        Args:
            video_id: Name of the video; None: the name of the file.

        Raises:
            FileNotFoundError: There is none.
            ValueError: It is not a JSON object, or keys are missing, unknown or have a wrong type.
        """
        path = info_place(npy_path)
        try:
            with open_bytes(path) as file:
                content = json.loads(file.read().decode())
        except (FileNotFoundError, AddressError):
            told = f'{npy_path} has no {os.path.basename(path)} beside it'
            raise FileNotFoundError(told) from None
        except ValueError as error:
            raise ValueError(f'{path} is not valid JSON: {error}') from None
        known = {each.name for each in fields(cls)} - {'video_id'}
        needed = known - {'precision', 'video_fps'}
        missing = sorted(needed - set(content if isinstance(content, dict) else ()))
        if missing:
            raise ValueError(f'{path} does not describe features: it lacks {", ".join(missing)}')
        if unknown := sorted(set(content) - known):
            raise ValueError(f'{path} has unknown keys: {", ".join(unknown)}')
        _check_kinds(content, path)
        return cls(**content, video_id=video_id or Path(without_query(path)).stem)

    def write(self, npy_path: str | os.PathLike[str]) -> None:
        """Write the file beside a feature file atomically."""
        content = asdict(self)
        del content['video_id']
        if self.video_fps is None:
            del content['video_fps']
        write_text(info_path(npy_path), json.dumps(content, indent=2) + '\n')

    def check(self, expected: Mapping[str, Any]) -> None:
        """Compare with the values of a config; None matches anything.

        Raises:
            ValueError: A value differs, or a key does not exist; the message names the video and
                both values.
        """
        for key, value in expected.items():
            if key not in {each.name for each in fields(self)}:
                raise ValueError(f'features have no {key!r}, which is expected to be {value!r}')
            found = getattr(self, key)
            if value is not None and not _same(found, value):
                raise ValueError(
                    f'features of video {self.video_id!r} were made with {key}={found!r}, '
                    f'but {key}={value!r} is expected'
                )


def info_place(npy_path: str | os.PathLike[str]) -> str:
    """As `info_path`, also of features at an address."""
    place = os.fspath(npy_path)
    if not is_address(place):
        return str(info_path(place))
    base, mark, query = place.partition('?')
    return base.removesuffix('.npy') + '.json' + mark + query


def info_path(npy_path: str | os.PathLike[str]) -> Path:
    """The path of a feature file's description: ``a/b.c.npy`` -> ``a/b.c.json``."""
    path = Path(npy_path)
    return path.with_name(path.name.removesuffix('.npy') + '.json')


def _check_kinds(content: Mapping[str, Any], path: str) -> None:
    for key, value in content.items():
        if key in _NUMBERS:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            good, wanted = number and math.isfinite(value), 'a number'
        elif key == 'preprocessing':
            good, wanted = isinstance(value, dict), 'an object'
        else:
            good, wanted = isinstance(value, str), 'a text'
        if not good:
            raise ValueError(f'{path}: {key} must be {wanted}, got {value!r}')


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal, up to rounding; lists equal tuples."""
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=_SAME, abs_tol=1e-9)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return set(one) == set(other) and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
