"""Options that several command lines share."""

import argparse
import ast
import re
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmvideomae.errors import ConfigError
from mmvideomae.formats.video_places import VideoPlaces

_CALL = re.compile(r'(dict|list|tuple|set|range|lambda)\b.*\(|[A-Za-z_][\w.]*\([^()]*=.*\)$')
_CLOSING = {'(': ')', '[': ']', '{': '}'}


class OptionsAction(argparse.Action):
    """Collects ``KEY=VALUE`` into a dict; an invalid one ends the command with one line."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Add to the options collected so far."""
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
    """Add an option of its default's type; ``--help`` shows the default.  False makes a flag.

    Args:
        parser: An ``ArgumentParser`` or an argument group of one.
        more: Further arguments of ``add_argument``, such as ``metavar`` and ``choices``.
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
    """Add ``--cfg-options KEY=VALUE ...``, for `mmvideomae.configs.apply_options`.

    Args:
        parser: An ``ArgumentParser`` or an argument group of one.
        description: The text for ``--help``.
    """
    parser.add_argument(
        '--cfg-options', nargs='+', action=OptionsAction, metavar='KEY=VALUE', help=description
    )


def parse_option(text: str) -> tuple[str, Any]:
    """``'a.b=[1,2]'`` -> ``('a.b', [1, 2])``; see `parse_value`.

    Raises:
        ConfigError: It has no ``=``, or one side cannot be read; the message quotes it.
    """
    key, equals, value = text.partition('=')
    if not equals:
        raise ConfigError(f'{text!r} is not KEY=VALUE, such as model.neck.depth=2')
    if not all(part and part == part.strip() for part in key.split('.')):
        raise ConfigError(f'{text!r} must begin with a key such as model.neck.depth')
    try:
        return key, parse_value(value)
    except RecursionError:
        raise ConfigError(f'{key}: the brackets of its value are nested too deeply') from None
    except ConfigError as error:
        raise ConfigError(f'{text!r}: {error}') from None


def parse_value(text: str) -> Any:
    """Read the value of an option.

    Numbers, ``true``, ``false`` and ``None`` have their usual meaning; ``[a, b]`` and ``a,b`` are
    lists, ``(a, b)`` is a tuple and ``{'a': 1}`` a dict.  Anything else is text, as is anything in
    quotes except a list.

    Raises:
        ConfigError: The brackets do not match, or the value is a call.
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


def option_word(key: str, value: str | Path | None) -> str:
    """``KEY=VALUE`` that `parse_option` reads as this value, for a command that is shown to users.

    Text that would be read as a number or a list, such as the folder ``2024``, gets quotes.  They
    do not help text that begins with a bracket, which stays as it is.
    """
    text = str(value)
    quoted = (f'{quote}{text}{quote}' for quote in '"\'')
    for word in () if value is None else (text, *quoted):
        with suppress(ConfigError):
            if parse_value(word) == text:
                return f'{key}={word}'
    return f'{key}={text}'


def train_command(**source: str | Path | None) -> str:
    """A training of some config on one source, given by its entries, for users to run next."""
    words = (
        option_word(f'train_dataloader.dataset.sources.0.{key}', value)
        for key, value in source.items()
    )
    return f'mmvideomae train CONFIG --cfg-options {shlex.join(words)}'


def _split(text: str) -> list[str]:
    """Split at the commas that are outside brackets and quotes."""
    parts, closing, quote, begin, before = [], '', '', 0, ','
    for place, char in enumerate(text):
        if quote:
            quote = '' if char == quote else quote
        elif char in '\'"' and before in ',([{:':  # elsewhere, it is an apostrophe
            quote = char
        elif char in _CLOSING:
            closing += _CLOSING[char]
        elif char in ')]}':
            if not closing.endswith(char):
                raise ConfigError('the brackets of the value do not match; put text in quotes')
            closing = closing[:-1]
        elif char == ',' and not closing:
            parts.append(text[begin:place])
            begin = place + 1
        before = before if char.isspace() else char
    if closing or quote:
        raise ConfigError('the value has an unclosed bracket or quote; put text in quotes')
    return [*parts, text[begin:]] if text[begin:].strip() else parts


def _literal(text: str) -> Any:
    """The value of a Python literal; None for anything else, such as the template {:05}.jpg."""
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
    """Add ``--filename-tmpl`` and ``--fps``, which say how to read a folder of frames.

    Args:
        parser: An ``ArgumentParser`` or an argument group of one.
    """
    what = 'template of the file names in a folder of frames'
    add_option(parser, '--filename-tmpl', 'img_{:05}.jpg', what, metavar='NAME')
    add_option(parser, '--fps', 25.0, 'frame rate of a folder of frames')


def add_places(parser: Any) -> None:
    """Add ``--start-second`` and the options for folders of frames, for `places_of`.

    Args:
        parser: An ``ArgumentParser`` or an argument group of one.
    """
    parser.add_argument(
        '--start-second',
        default='0',
        metavar='S',
        help='time of the first frame in seconds: 900 for AVA as it is usually cut, or "name" to '
        'read it from names such as VIDEO_000012_000022 (default: %(default)s)',
    )
    parser.add_argument(
        '--filename-tmpl',
        metavar='NAME',
        help='videos are folders of frames with such names, for example {video}_{:06}.jpg',
    )
    parser.add_argument(
        '--start-index',
        type=int,
        help='number of the first frame (default: the lowest in each folder)',
    )
    parser.add_argument('--fps', type=float, help='frames per second of folders of frames')


def places_of(args: argparse.Namespace, folder: str, table: str | None) -> VideoPlaces:
    """The places of videos that the options of `add_places` describe.

    Raises:
        ValueError: ``--start-second`` is not a number, or the options contradict one another.
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
