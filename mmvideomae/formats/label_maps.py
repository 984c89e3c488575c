"""Label maps of AVA (``.pbtxt``), which map ids to actions.

Entries have the form ``label { name: "stand" label_id: 12 }`` (AVA 2.1 and 2.2) or
``item { name: 'stand' id: 12 }`` (the 60 classes that ActivityNet evaluates), on one or several
lines, indented or not.  Ids start at 1 and may have gaps.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mmvideomae.formats.text_files import AnnotationError, read_utf8

_QUOTED = r"""(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
_COMMENT = re.compile(rf'({_QUOTED})|#[^\n]*')
_ENTRY = re.compile(rf"""\s*(?:label|item)\s*:?\s*\{{((?:{_QUOTED}|[^{{}}"'])*)\}}[\s,;]*""")
_FIELD = re.compile(  # a name without quotes extends to the end of its line
    rf"""\s*(?:(name|display_name)\s*:\s*({_QUOTED}|[^\s"'][^\n]*)
    |(\w+)\s*:\s*({_QUOTED}|[^\s,;"']+))[\s,;]*""",
    re.VERBOSE,
)
_IDS = ('id', 'label_id')
_ADVICE = 'a label map has entries like item { name: "stand" id: 12 }'


@dataclass(frozen=True)
class LabelMap:
    """Names of action ids.

    Attributes:
        names: Names keyed by id, ascending; ids start at 1 and may have gaps.
        path: The file, for messages.
    """

    names: dict[int, str] = field(default_factory=dict)
    path: str = 'label map'

    def __post_init__(self) -> None:
        if not self.names:
            raise AnnotationError(f'{self.path} names no class: {_ADVICE}')
        least = min(self.names)
        if least < 1:
            raise AnnotationError(
                f'{self.path}: id {least} ({self.names[least]!r}): ids start at 1; 0 is the '
                'background and has no entry'
            )

    @property
    def num_classes(self) -> int:
        """The largest id: the number of score columns, including ids in gaps."""
        return max(self.names)

    def classes(self, num_classes: int | None = None) -> list[str]:
        """Names in the order of the columns 0..K-1 (id - 1); ``'class 7'`` for id 7 in a gap."""
        count = self.num_classes if num_classes is None else num_classes
        return [self.names.get(number, f'class {number}') for number in range(1, count + 1)]

    def class_count(self, num_classes: int | None = None) -> int:
        """``num_classes`` if it is given and covers every id, else the largest id.

        Raises:
            AnnotationError: The map names an id above ``num_classes``.
        """
        if num_classes is not None and num_classes < self.num_classes:
            raise AnnotationError(
                f'{self.path} names id {self.num_classes} '
                f'({self.names[self.num_classes]!r}), but num_classes is {num_classes}: set '
                f'num_classes={self.num_classes} (without the background) or omit it'
            )
        return self.num_classes if num_classes is None else num_classes


class _Field(NamedTuple):
    """``name: value`` of an entry."""

    name: str
    value: str
    line: int


def read_label_map(path: str | os.PathLike[str]) -> LabelMap:
    """Read a ``.pbtxt`` file in either form.

    Raises:
        AnnotationError: It is missing, not a label map or names no class; an entry lacks its id or
            name; an id is not a number from 1 on, or has two names.  The message gives file:line.
    """
    path = os.fspath(path)
    text = read_utf8(path, 'label map')
    names: dict[int, str] = {}
    for line, fields in _entries(text, path):
        number, name = _id_and_name(line, fields, path)
        if names.setdefault(number, name) != name:
            raise AnnotationError(
                f'{path}:{line}: id {number} is {name!r} here, but {names[number]!r} before'
            )
    return LabelMap(dict(sorted(names.items())), path)


def write_label_map(path: str | os.PathLike[str], names: Mapping[int, str]) -> None:
    """Write ``item { name, id }`` entries, which mmaction2 can read too, in the order of ids."""
    label_map = LabelMap(dict(sorted(names.items())), os.fspath(path))
    with open(path, 'w', encoding='utf-8') as file:
        for number, name in label_map.names.items():
            quoted = name.replace('\\', '\\\\').replace('"', '\\"')
            file.write(f'item {{\n  name: "{quoted}"\n  id: {number}\n}}\n')


def _id_and_name(line: int, fields: list[_Field], path: str) -> tuple[int, str]:
    """The id and name of one entry."""
    ids = [each for each in fields if each.name in _IDS]
    names = [each.value for each in fields if each.name == 'name']
    names = names or [each.value for each in fields if each.name == 'display_name']
    if len(ids) != 1 or len(names) != 1 or not names[0].strip():
        raise AnnotationError(
            f'{path}:{line}: this entry has {len(ids)} ids and {len(names)} names; {_ADVICE}'
        )
    if not ids[0].value.isdecimal() or int(ids[0].value) < 1:
        raise AnnotationError(
            f'{path}:{ids[0].line}: id {ids[0].value!r} of {names[0]!r} is not a number from 1 '
            'on (0 is the background and has no entry)'
        )
    return int(ids[0].value), names[0].strip()


def _entries(text: str, path: str) -> Iterator[tuple[int, list[_Field]]]:
    """(line, fields) of every ``label`` and ``item``."""
    text = _COMMENT.sub(lambda found: found.group(1) or '', text).rstrip()
    place = 0
    while place < len(text):
        entry = _ENTRY.match(text, place)
        if entry is None:
            raise _unexpected(text, place, path)
        place = entry.end()
        yield _line(text, entry.start(1)), list(_fields(text, *entry.span(1), path))


def _fields(text: str, place: int, end: int, path: str) -> Iterator[_Field]:
    """The fields between two braces."""
    while text[place:end].strip():
        found = _FIELD.match(text, place, end)
        if found is None:
            raise _unexpected(text, place, path)
        first = 1 if found.group(1) else 3
        name, value = found.group(first), found.group(first + 1).strip()
        if value[0] in '"\'':
            value = re.sub(r'\\(.)', r'\1', value[1:-1])
        yield _Field(name, value, _line(text, found.start(first)))
        place = found.end()


def _unexpected(text: str, place: int, path: str) -> AnnotationError:
    rest = text[place:].lstrip()
    line = _line(text, len(text) - len(rest))
    return AnnotationError(f'{path}:{line}: {rest.splitlines()[0][:60]!r} is unexpected; {_ADVICE}')


def _line(text: str, place: int) -> int:
    return text.count('\n', 0, place) + 1
