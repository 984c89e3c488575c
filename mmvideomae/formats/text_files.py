"""Read text files that users write, with any encoding and line ends.

UTF-8 is read with and without a byte order mark, UTF-16 and UTF-32 (PowerShell, Excel's "Unicode
text") with one.  Rows are comma-separated, and each line is one row, so an unclosed quotation
mark never includes the following lines.
"""

import codecs
import csv
import json
import os
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from mmvideomae.errors import UserError, where
from mmvideomae.storage.remote import AddressError, is_address, read_fresh, without_secrets

_MARKS = (  # UTF-32's mark begins with UTF-16's
    (codecs.BOM_UTF8, 'UTF-8', 'utf-8-sig'),
    (codecs.BOM_UTF32_LE, 'UTF-32', 'utf-32'),
    (codecs.BOM_UTF32_BE, 'UTF-32', 'utf-32'),
    (codecs.BOM_UTF16_LE, 'UTF-16', 'utf-16'),
    (codecs.BOM_UTF16_BE, 'UTF-16', 'utf-16'),
)
_HEAD = 8192  # bytes that distinguish text from binary data
_CONTROLS = bytes({*range(32)} - {*b'\t\n\v\f\r'})
_LONGEST = 200  # characters of a line in a message


class AnnotationError(UserError, ValueError):
    """A file or folder that describes a data set cannot be used; the message says where and why."""

    def __init__(self, told: object) -> None:
        super().__init__(without_secrets(str(told)))


def read_utf8(path: str | os.PathLike[str], what: str = 'file', names_files: bool = False) -> str:
    r"""The text of a file, with ``\n`` at the end of lines.

    Args:
        what: The kind of file in messages, such as ``'list'``.
        names_files: Keep bytes that are not UTF-8 as Python does in file names, so that they
            reach the file system unchanged; otherwise they are an error.

    Raises:
        AnnotationError: It cannot be read or is not text; the message names the encoding.
    """
    place = f'the {what} {os.fspath(path)}'
    try:
        with open(path, 'rb') if not is_address(path) else BytesIO(read_fresh(path)) as file:
            data = file.read(_HEAD)
            encoding, codec = _encoding(data)
            if fault := _not_text(data) if codec == 'utf-8' else None:
                raise AnnotationError(f'{place} is not text: {fault}')
            data += file.read()
    except AddressError as error:
        raise AnnotationError(f'cannot read {place}: {error.reason}') from None
    except (OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        reason = getattr(error, 'strerror', None) or error
        reason = f'{reason}{where(path) if isinstance(error, FileNotFoundError) else ""}'
        raise AnnotationError(f'cannot read {place}: {reason}') from error
    keep = names_files and encoding == 'UTF-8'
    try:
        text = data.decode(codec, 'surrogateescape' if keep else 'strict')
    except UnicodeDecodeError as error:
        line = data.count(b'\n', 0, error.start) + 1
        raise AnnotationError(
            f'cannot read {place}: it is not {encoding} text ({error.reason} in line {line}); '
            'save it as UTF-8'
        ) from None
    return text.replace('\r\n', '\n').replace('\r', '\n')


def numbered_lines(
    path: str | os.PathLike[str], what: str = 'file', names_files: bool = False
) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, stripped, with their numbers from 1.

    Args:
        what, names_files: See `read_utf8`.

    Raises:
        AnnotationError: The file cannot be read.
    """
    # Not splitlines(), which also cuts at form feeds and other separators.
    for number, line in enumerate(read_utf8(path, what, names_files).split('\n'), 1):
        # A mark in the middle is from concatenated files.
        line = line.strip().lstrip('\ufeff').lstrip()
        if line:
            yield number, line


def read_rows(
    path: str | os.PathLike[str], what: str = 'file', names_files: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """(line, stripped fields) of a comma-separated file without blank lines and comments.

    A field that contains a comma, or a first field that begins with ``#``, must be in double
    quotes; a double quote within them is doubled.

    Args:
        what, names_files: See `read_utf8`.

    Raises:
        AnnotationError: The file cannot be read, a quotation mark is not closed in its line, or
            fields are not separated by commas; the message gives ``file:line``.
    """
    for number, line in numbered_lines(path, what, names_files):
        if line[0] == '#':
            continue
        try:
            row = split_row(line)
            if len(row) == 1 and '"' not in line:
                _refuse_separators(row[0])
        except ValueError as error:
            raise AnnotationError(f'{os.fspath(path)}:{number}: {error}: {shown(line)}') from None
        if any(row):
            yield number, row


def split_row(line: str) -> list[str]:
    """The stripped fields of one line; a ValueError if a quotation mark is not closed in it."""
    if '"' not in line:  # nearly all lines
        return [field.strip() for field in line.split(',')]
    try:
        row = next(csv.reader([f'{line}\n'], skipinitialspace=True))
    except csv.Error as error:
        raise ValueError(f'it is not comma-separated ({error})') from None
    if row[-1].endswith('\n'):
        raise ValueError('a quotation mark (") is not closed')
    return [field.strip() for field in row]


def without_padding(row: list[str], width: int) -> list[str]:
    """A row without the empty fields after the first ``width``, which spreadsheets add."""
    return row if any(row[width:]) else row[:width]


def _refuse_separators(field: str) -> None:
    """Raise a ``ValueError`` if the only field of a line has another separator of spreadsheets."""
    for mark, name in ((';', 'semicolons'), ('\t', 'tabs')):
        if mark in field:
            raise ValueError(f'fields must be separated by commas, not by {name}')


def row_line(fields: Iterable[object]) -> str:
    """One line of a comma-separated file that `read_rows` can read back.

    Raises:
        ValueError: A field holds a line break.
    """
    texts = [str(field) for field in fields]
    for number, text in enumerate(texts):
        if '\n' in text or '\r' in text:
            raise ValueError(f'a comma-separated file cannot contain {text!r}: it has a line break')
        special = '",;\t' if len(texts) == 1 else '",'
        if any(mark in text for mark in special) or (
            number == 0 and text.startswith(('#', '\ufeff'))
        ):
            texts[number] = '"' + text.replace('"', '""') + '"'
    return ','.join(texts)


def read_json(path: str | os.PathLike[str], what: str = 'file') -> Any:
    """The content of a JSON file.

    Raises:
        AnnotationError: It cannot be read, or is not JSON; the message gives ``file:line``.
    """
    return parse_json(path, read_utf8(path, what, names_files=True))


def parse_json(path: str | os.PathLike[str], text: str) -> Any:
    """The content of a JSON file's text.

    Raises:
        AnnotationError: It is not JSON; the message gives ``file:line``.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise AnnotationError(
            f'{os.fspath(path)}:{error.lineno}: not valid JSON: {error.msg}'
        ) from None
    except RecursionError:
        raise AnnotationError(f'{os.fspath(path)}: not valid JSON: nested too deeply') from None


def is_binary(path: str | os.PathLike[str]) -> bool:
    """Whether a readable file is not text but, for example, a video."""
    try:
        with open(path, 'rb') as file:
            head = file.read(_HEAD)
    except (OSError, ValueError):
        return False
    return _encoding(head)[1] == 'utf-8' and _not_text(head) is not None


def shown(text: str) -> str:
    """A shortened text in quotes, for messages."""
    return repr(text if len(text) <= _LONGEST else f'{text[: _LONGEST - 3]}...')


def _encoding(head: bytes) -> tuple[str, str]:
    """Name and codec of the encoding that the first bytes of a file indicate."""
    found = ((name, codec) for mark, name, codec in _MARKS if head.startswith(mark))
    return next(found, ('UTF-8', 'utf-8'))


def _not_text(head: bytes) -> str | None:
    """Why the first bytes of a file are not text; None if they may be.

    A text may contain a few control characters by accident; binary files have many.
    """
    zeros = head.count(0)
    sides = head[::2].count(0), head[1::2].count(0)
    if min(sides) == 0 and zeros > len(head) // 4:
        return 'it seems to be UTF-16 without a byte order mark; save it as UTF-8'
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if zeros > 3 or controls > max(64, len(head) // 20):
        return 'it contains binary data, like a video'
    return None
