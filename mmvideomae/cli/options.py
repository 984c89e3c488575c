"""Options that several command lines share."""

import argparse
import ast
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmvideomae.configs import ConfigError
from mmvideomae.formats.video_places import VideoPlaces

_CALL = re.compile(r'(dict|list|tuple|set|range|lambda)\b.*\(|[A-Za-z_][\w.]*\([^()]*=.*\)$')
_CLOSING = {'(': ')', '[': ']', '{': '}'}


class OptionsAction(argparse.Action):
    """Collects ``KEY=VALUE`` into a dict; what cannot be read ends the command in one line."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Add to the options that are there."""
        try:
            read = dict(parse_option(value) for value in values)
        except ConfigError as error:
            parser.exit(2, f'{parser.prog}: error: {option_string}: {error}\n')
        setattr(namespace, self.dest, {**(getattr(namespace, self.dest) or {}), **read})


def add_option(
    parser: Any,
    name: str,
    default: bool | int | float | str | Path,
    description: str,
    **more: Any,
) -> None:
    """An option that takes values like its default, which ``--help`` shows; False: a flag.

    Args:
        parser: An ``ArgumentParser`` or a group of its options.
        more: Such as ``metavar`` and ``choices``, for ``add_argument``.
    """
    if default is False:
        parser.add_argument(name, action='store_true', help=description, **more)
        return
    parser.add_argument(
        name,
        type=type(default) if not isinstance(default, Path) else Path,
        default=default,
        help=f'{description} (default: %(default)s)',
        **more,
    )


def add_cfg_options(
    parser: Any, description: str = 'override entries of the config, e.g. model.neck.depth=2'
) -> None:
    """``--cfg-options KEY=VALUE ...``, for `mmvideomae.configs.apply_options`.

    Args:
        parser: An ``ArgumentParser`` or a group of its options.
        description: For ``--help``.
    """
    parser.add_argument(
        '--cfg-options', nargs='+', action=OptionsAction, metavar='KEY=VALUE', help=description
    )


def parse_option(text: str) -> tuple[str, Any]:
    """``'a.b=[1,2]'`` -> ``('a.b', [1, 2])``; see `parse_value`.

    Raises:
        ConfigError: It has no ``=``, or a side of it cannot be read; one line that names it.
    """
    key, equals, value = text.partition('=')
    if not equals:
        raise ConfigError(f'{text!r} is not KEY=VALUE, such as model.neck.depth=2')
    if not all(part and part == part.strip() for part in key.split('.')):
        raise ConfigError(f'{text!r} does not begin with a key such as model.neck.depth')
    try:
        return key, parse_value(value)
    except RecursionError:
        raise ConfigError(f'{key}: its value nests too many brackets') from None
    except ConfigError as error:
        raise ConfigError(f'{text!r}: {error}') from None


def parse_value(text: str) -> Any:
    """Read the value of an option.

    Numbers, ``true``, ``false`` and ``None`` are what they say; ``[a, b]`` and ``a,b`` are lists,
    ``(a, b)`` is a tuple and ``{'a': 1}`` a dict.  All else is text, and so is what stands in
    quotes unless it is a list.

    Raises:
        ConfigError: Its brackets do not match, or it is a call.
    """
    text = text.strip()
    if len(text) > 1 and text[0] in '\'"' and text.find(text[0], 1) == len(text) - 1:
        inside = text[1:-1].strip()
        return parse_value(inside) if inside.startswith(('[', '(')) else text[1:-1]
    if _CALL.match(text):
        raise ConfigError('a value cannot be a call; set its parts, such as KEY.type=NAME KEY.x=1')
    if text.startswith('{') and isinstance(given := _literal(text), dict):
        return given
    if not text.startswith(('[', '(')) and ',' not in text:
        return _scalar(text)
    parts = _split(text)
    if parts != [text]:
        return [parse_value(part) for part in parts]
    if not text.endswith((']', ')')):
        return text
    items = [parse_value(part) for part in _split(text[1:-1])]
    return tuple(items) if text.startswith('(') else items


def _split(text: str) -> list[str]:
    """What stands between the commas outside of brackets and quotes."""
    parts, closing, quote, begin, before = [], '', '', 0, ','
    for place, char in enumerate(text):
        if quote:
            quote = '' if char == quote else quote
        elif char in '\'"' and before in ',([{:':  # elsewhere it is an apostrophe
            quote = char
        elif char in _CLOSING:
            closing += _CLOSING[char]
        elif char in ')]}':
            if not closing.endswith(char):
                raise ConfigError('its brackets do not match; put text into quotes')
            closing = closing[:-1]
        elif char == ',' and not closing:
            parts.append(text[begin:place])
            begin = place + 1
        before = before if char.isspace() else char
    if closing or quote:
        raise ConfigError('a bracket or quote of its value is not closed; put text into quotes')
    return [*parts, text[begin:]] if text[begin:].strip() else parts


def _literal(text: str) -> Any:
    """A value as Python spells it; None for anything else, such as the template {:05}.jpg."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError):
        return None


def _scalar(text: str) -> Any:
    if text == 'None':
        return None
    if text.lower() in ('true', 'false'):
        return text.lower() == 'true'
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        return float(text)
    return text


def add_frames(parser: Any) -> None:
    """``--filename-tmpl`` and ``--fps``: how a folder of frames is read in the place of a video.

    Args:
        parser: An ``ArgumentParser`` or a group of its options.
    """
    what = 'names of the pictures in a folder of frames'
    add_option(parser, '--filename-tmpl', 'img_{:05}.jpg', what, metavar='NAME')
    add_option(parser, '--fps', 25.0, 'of a folder of frames')


def add_places(parser: Any) -> None:
    """``--start-second`` and how folders of frames are read, for `places_of`.

    Args:
        parser: An ``ArgumentParser`` or a group of its options.
    """
    parser.add_argument(
        '--start-second',
        default='0',
        metavar='S',
        help='second of the first frame: 900 for AVA as it is usually cut, or "name" to read it '
        'from names such as VIDEO_000012_000022 (default: %(default)s)',
    )
    parser.add_argument(
        '--filename-tmpl',
        metavar='NAME',
        help='videos are folders of such frames, for example {video}_{:06}.jpg',
    )
    parser.add_argument(
        '--start-index',
        type=int,
        help='number of the first frame (default: the lowest in each folder)',
    )
    parser.add_argument('--fps', type=float, help='frames per second of folders of frames')


def places_of(args: argparse.Namespace, folder: str, table: str | None) -> VideoPlaces:
    """Where videos lie, by the options of `add_places`.

    Raises:
        ValueError: ``--start-second`` is no number, or the options contradict one another.
    """
    start: float | str = args.start_second
    if start != 'name':
        try:
            start = float(start)
        except ValueError:
            raise ValueError(f"--start-second must be a number or 'name', got {start!r}") from None
    return VideoPlaces(
        folder=folder,
        filename_tmpl=args.filename_tmpl,
        start_index=args.start_index,
        fps=args.fps,
        start_second=start,
        table=table,
    )
