"""Read list files of videos.

A line names a video file or a folder of frames, then numbers::

    path
    path label
    path start total
    path start total label

In a list with several labels a clip (``multi_class``), all numbers are labels, as in mmaction2's
lists; where columns are named, those from the last one on.

Fields are separated by spaces or by commas.  A path that contains spaces must be in double
or single quotes, unless its line uses commas; within quotes, a quote of the same kind is
doubled (``"a ""b"" c.mp4"``).  Blank lines and lines that begin with ``#`` are skipped.
``total`` below 0 means a whole video file, as in the lists of VideoMAE V2; otherwise the
sample consists of ``total`` frames from number ``start`` on, which are files of a frame
folder or frames of a video file.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mmvideomae.formats.text_files import AnnotationError, numbered_lines, shown

_LAYOUTS: dict[int, tuple[str, ...]] = {
    0: (),
    1: ('label',),
    2: ('start', 'total'),
    3: ('start', 'total', 'label'),
}
_NUMBERS = ('start', 'total', 'label')
_SEMICOLONS = re.compile(r';[;+\-\d]*\Z')
_QUOTED = {
    mark: re.compile(rf'{mark}((?:[^{mark}]|{mark}{mark})+){mark}(?=[, \t]|\Z)') for mark in '"\''
}


class Entry(NamedTuple):
    """One line of a list.

    Attributes:
        path: As written, without quotes.
        start: Number of the first frame, None if not given.
        total: Number of frames from ``start`` on, negative for a whole video file, None if
            not given.
        label: Class index, None if not given.
        labels: Class indices of a list with several labels a clip; otherwise empty.
    """

    path: str
    start: int | None = None
    total: int | None = None
    label: int | None = None
    labels: tuple[int, ...] = ()


@dataclass(frozen=True)
class LineFormat:
    """The meaning of the fields after the path.

    Attributes:
        numbers: Names of the numbers after the path, out of ``start``, ``total`` and
            ``label``; None: determined by their count (see the module).
        labelled: Every line must have a label.
        num_classes: Labels must lie in ``0, ..., num_classes - 1``; None: not checked.
        multi_class: A line has one or more distinct labels, at its end.
    """

    numbers: tuple[str, ...] | None = None
    labelled: bool = False
    num_classes: int | None = None
    multi_class: bool = False

    @classmethod
    def of(
        cls,
        columns: str | Sequence[str] | None,
        labelled: bool,
        num_classes: int | None = None,
        multi_class: bool = False,
    ) -> 'LineFormat':
        """Parse ``columns`` such as ``'path total label'``; None: determined by the count."""
        if columns is None:
            numbers = ('label',) if multi_class else None
            return cls(numbers, labelled, num_classes, multi_class)
        names = tuple(columns.split()) if isinstance(columns, str) else tuple(columns)
        known = len(set(names)) == len(names) and set(names[1:]) <= set(_NUMBERS)
        if names[:1] != ('path',) or not known:
            raise ValueError(
                f'columns must be "path" followed by some of {", ".join(_NUMBERS)}, got {columns!r}'
            )
        if labelled and 'label' not in names:
            raise ValueError(f'labelled=True needs a label column, got columns={columns!r}')
        if multi_class and names[-1] != 'label':
            raise ValueError(f'several labels come last in a line, got columns={columns!r}')
        return cls(names[1:], labelled, num_classes, multi_class)

    def entry(self, path: str, numbers: Sequence[int]) -> Entry:
        """Name the numbers of one line; a ValueError says what is wrong with them."""
        if self.multi_class:
            return self._several(path, numbers)
        names = _LAYOUTS.get(len(numbers)) if self.numbers is None else self.numbers
        if names is None or len(names) != len(numbers):
            wanted = '0 to 3' if self.numbers is None else str(len(self.numbers))
            more = len(numbers) > len(self.numbers or _NUMBERS)
            hint = '; for several labels a clip set multi_class=True' if more else ''
            raise ValueError(f'{len(numbers)} numbers after the path, expected {wanted}{hint}')
        if names == ('label',):  # nearly all lists: a shortcut for millions of lines
            entry = Entry(path, None, None, numbers[0])
        else:
            named: dict[str, Any] = dict(zip(names, numbers, strict=True))
            entry = Entry(path, **named)
        if self.labelled and entry.label is None:
            hints = {
                0: f', an integer after the path {path!r}',
                2: '; if both numbers are labels, set multi_class=True',
            }
            raise ValueError(f'a label is required (labelled=True){hints.get(len(numbers), "")}')
        self._check(entry.label or 0)
        return _with_frames(entry)

    def _several(self, path: str, numbers: Sequence[int]) -> Entry:
        """The entry of a line with several labels."""
        before = (self.numbers or ('label',))[:-1]
        labels = tuple(numbers[len(before) :])
        if not labels:
            raise ValueError('at least one label is required (multi_class=True)')
        for place, label in enumerate(labels):
            self._check(label)
            if label in labels[:place]:
                raise ValueError(f'label {label} is given twice')
        named: dict[str, Any] = dict(zip(before, numbers, strict=False))
        return _with_frames(Entry(path, labels=labels, **named))

    def _check(self, label: int) -> None:
        """Refuse a label that is out of range."""
        if self.num_classes is not None and not -1 < label < self.num_classes:
            raise ValueError(
                f'label {label} is outside 0..{self.num_classes - 1}; fix the line or set '
                'num_classes (labels start at 0)'
            )
        if self.labelled and label < 0:
            raise ValueError(f'label {label}: labels start at 0')


def _with_frames(entry: Entry) -> Entry:
    """The entry; a ValueError if its numbers name no frames."""
    if entry.total == 0 or (entry.start is not None and entry.start < 0):
        raise ValueError(f'start {entry.start} and total {entry.total} name no frames')
    return entry


def read_list(path: str | os.PathLike[str], line_format: LineFormat) -> list[Entry]:
    """Parse a list file.

    Raises:
        AnnotationError: The file is missing, unreadable or lists nothing, or a line is
            malformed; the message quotes ``file:line`` and the line.
    """
    entries = [entry for _, _, entry in read_entries(path, line_format)]
    if not entries:
        raise AnnotationError(f'the list {os.fspath(path)} names no video')
    return entries


def read_entries(
    path: str | os.PathLike[str], line_format: LineFormat
) -> Iterator[tuple[int, str, Entry]]:
    """Number, text and entry of every line of a list that is neither blank nor a comment.

    Raises:
        AnnotationError: See `read_list`; an empty list is not an error here.
    """
    for number, line in numbered_lines(path, 'list', names_files=True):
        if line[0] == '#':
            continue
        try:
            yield number, line, line_format.entry(*split_line(line))
        except ValueError as error:
            header = number == 1 and not any(map(str.isdigit, line))
            hint = '; if it is a header, delete it' if header else ''
            place = f'{os.fspath(path)}:{number}'
            raise AnnotationError(f'{place}: {error}: {shown(line)}{hint}') from None


def split_line(text: str) -> tuple[str, list[int]]:
    """Split one line into its path and the integers after it.

    Commas are tried before spaces, so a path with spaces needs no quotes in a line with
    commas, and a path with commas none in a line with spaces.

    Raises:
        ValueError: Neither separator gives a path and integers.
    """
    if text[0] in _QUOTED:
        quoted = _QUOTED[text[0]].match(text)
        if quoted is None:
            raise ValueError(f'the quote {text[0]} is not closed around a path')
        path = quoted.group(1).replace(text[0] * 2, text[0])
        rest = text[quoted.end() :].strip().removeprefix(',')
        numbers = _integers(rest.split(',') if ',' in rest else rest.split())
        if numbers is not None:
            return path, numbers
        raise ValueError('the fields after the path must be integers')
    if ',' in text:
        path, *fields = text.rstrip(', \t').split(',')  # spreadsheets pad rows with commas
        numbers = _integers(fields)
        if path.strip() and numbers is not None:
            return path.strip(), numbers
    path, *fields = text.split()
    if ';' in path and _SEMICOLONS.search(path):
        raise ValueError(
            'fields must be separated by spaces or commas, not by semicolons (quote a path that '
            'ends with one)'
        )
    numbers = _integers(fields)
    if numbers is None:
        raise ValueError(
            'the path comes first, and the fields after it must be integers (quote a path that '
            'contains spaces)'
        )
    return path, numbers


def _integers(fields: Iterable[str]) -> list[int] | None:
    """The fields as integers; None if one is not an integer."""
    try:
        return [int(field) for field in fields]
    except ValueError:
        return None
