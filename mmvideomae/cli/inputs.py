"""Check the paths of a command line before anything that takes seconds is imported.

Each function is the ``type`` of an argument and returns the text as it is, except for the path of a
config that comes with the package.
"""

import argparse
import difflib
import os
from pathlib import Path
from typing import Any

from mmvideomae.checkpoints import published_weights
from mmvideomae.errors import UserError, nearest, where
from mmvideomae.version import config_place, shipped

_CONFIGS = ('.py', '.json', '.yaml', '.yml')
_OWN = 'own'  # the weights that an encoder of another library has itself
_WEIGHTS = ('.pth', '.pt', '.ckpt', '.bin', '.safetensors', '.tar', '.pkl')


class InputError(UserError, OSError):
    """An argument names nothing that exists, or something of another kind."""


def config_path(text: str) -> str:
    """A config file, or the name of public weights.

    See `config_place`.

    Raises:
        InputError: It is a weight file, or a path at which there is nothing.
    """
    if text.endswith(_WEIGHTS):
        raise InputError(f'{text} is a weight file, not a config: CONFIG comes before CKPT')
    return _found(config_place(text), 'config', _CONFIGS)


def checkpoint_path(text: str) -> str:
    """A weight file or folder, its address, or the name of public weights.

    Raises:
        InputError: It is a config, or a path at which there is nothing.
    """
    if text.endswith('.py'):
        raise InputError(f'{text} is a config, not a weight file: CONFIG comes before CKPT')
    return _found(text, 'checkpoint', _WEIGHTS)


def video_path(text: str) -> str:
    """A video file, a folder, the address of one or the number of a camera.

    Raises:
        InputError: There is nothing at this path.
    """
    if text.isdigit() or '#' in text or _exists(text):  # a camera, or a member of a tar file
        return text
    raise InputError(f'cannot read video {text!r}: no such file{where(text)}')


def existing_path(text: str) -> Path:
    """A file or folder of any kind that a command reads.

    Raises:
        InputError: There is nothing at this path.
    """
    if _exists(text):
        return Path(text)
    suffix = os.path.splitext(text)[1]
    raise InputError(f'not found: {text}{where(text)}{_alike(text, (suffix,))}')


class VideosAction(argparse.Action):
    """Takes one or more videos, of which one at least must exist: others may be left out."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the texts.

        Raises:
            InputError: There is nothing at any of them.
        """
        if not any(text.isdigit() or '#' in text or _exists(text) for text in values):
            video_path(values[0])
        setattr(namespace, self.dest, values)


class ModelAction(argparse.Action):
    """Takes CONFIG and CKPT of one model, or of several in a row."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the paths.

        Raises:
            InputError: See `config_path` and `checkpoint_path`, or there is one too many.
        """
        if len(values) not in (2, 4):
            raise InputError(f'{option_string} takes CONFIG CKPT, or two pairs, got {len(values)}')
        paths = [
            (checkpoint_path if number % 2 else config_path)(text)
            for number, text in enumerate(values)
        ]
        setattr(namespace, self.dest, paths)


def _found(text: str, what: str, suffixes: tuple[str, ...]) -> str:
    """The text, unless it is a path to nothing that is no name of public weights either."""
    if _exists(text):
        return text
    alike = _alike(text, suffixes)
    if not (os.sep in text or text.endswith(suffixes)):
        known = published_weights()
        if text in known or text == _OWN:
            return text
        alike = alike or nearest(text, known)
    raise InputError(f'{what} not found: {text}{where(text)}{alike}')


def _alike(text: str, suffixes: tuple[str, ...]) -> str:
    """A suggestion for a path at which there is nothing: the most similar name in its folder."""
    folder, name = os.path.split(text)
    if text.startswith('configs/') and not os.path.isdir(folder):
        folder = str(shipped(folder))
    there = os.listdir(folder or '.') if os.path.isdir(folder or '.') else ()
    by_stem = {os.path.splitext(each)[0]: each for each in there if each.endswith(suffixes)}
    found = difflib.get_close_matches(os.path.splitext(name)[0], by_stem, 1)
    return f'; did you mean {by_stem[found[0]]!r}?' if found else ''


def _exists(text: str) -> bool:
    """Whether there is something at a path; addresses and mmdet's configs are looked up later."""
    return '://' in text or '::' in text or os.path.lexists(text)
