"""Kinetics-400, -600 and -700: rows of the official CSV files.

The header names the columns ``label,youtube_id,time_start,time_end,split`` and sometimes
``is_cc``, in any order.  Test files may lack the label.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mmvideomae.formats import text_files
from mmvideomae.formats.text_files import AnnotationError
from mmvideomae.preparation.lists.annotation_files import find_file, find_optional
from mmvideomae.preparation.lists.clips import ListedClip, VideoSet

FILE_NAME = '{id}_{start:06d}_{end:06d}'
"""The names of clips from the public downloaders."""

_SPLITS = {'train': ('train',), 'val': ('val', 'validate', 'validation'), 'test': ('test',)}
_PREFIXES = ('', 'kinetics_', 'kinetics{0}_', 'kinetics-{0}_', 'kinetics_{0}_')
_COLUMNS = ('youtube_id', 'time_start', 'time_end')


class Row(NamedTuple):
    """One clip: class (None: not given), YouTube id, first and last second, line in the file."""

    label: str | None
    video: str
    start: int
    end: int
    line: int

    def file_name(self, template: str) -> str:
        """Name of the clip's file without extension."""
        return template.format(id=self.video, start=self.start, end=self.end)


def csv_names(split: str, version: str) -> list[str]:
    """Names under which the CSV file of a split is published."""
    return [
        f'{prefix.format(version)}{name}.csv' for prefix in _PREFIXES for name in _SPLITS[split]
    ]


def read_clip_rows(path: Path) -> Iterator[Row]:
    """Rows of a CSV file, one at a time.

    Raises:
        AnnotationError: The file cannot be read, or a row is malformed; the message quotes
            ``file:line``.
    """
    rows = text_files.read_rows(path, 'annotation', names_files=True)
    first, header = next(rows, (1, []))
    header = [name.lower() for name in header]
    lacking = [name for name in _COLUMNS if name not in header]
    if lacking:
        raise AnnotationError(
            f'{path}:{first}: the header lacks {", ".join(lacking)} '
            f'(label,youtube_id,time_start,time_end,split is expected): {",".join(header)!r}'
        )
    video, start, end = (header.index(name) for name in _COLUMNS)
    label = header.index('label') if 'label' in header else None
    for number, fields in rows:
        try:
            name = None if label is None else fields[label] or None
            # Some files give seconds as 35.0; downloaders truncate to seconds like int().
            seconds = int(float(fields[start])), int(float(fields[end]))
            row = Row(name, fields[video], *seconds, number)
        except (IndexError, ValueError, OverflowError) as error:
            raise AnnotationError(f'{path}:{number}: {error}: {fields}') from None
        if not row.video:
            raise AnnotationError(f'{path}:{number}: no YouTube id: {fields}')
        yield row


def labelled_rows(path: Path) -> Iterator[tuple[Row, str]]:
    """Like `read_clip_rows`, with the class of each row, which is required."""
    for row in read_clip_rows(path):
        if row.label is None:
            raise AnnotationError(f'{path}:{row.line}: no label')
        yield row, row.label


def named_classes(path: Path) -> list[str]:
    """Class names of a file in their official order, which is alphabetical.

    Raises:
        AnnotationError: It cannot be read, is malformed or empty, or a row has no class.
    """
    names = {label for _, label in labelled_rows(path)}
    if not names:
        raise AnnotationError(f'{path} lists no clip')
    return sorted(names)


def read_kinetics(
    folder: Path, version: str, template: str = FILE_NAME, class_folders: bool = False
) -> VideoSet:
    """The clips of the CSV files in a folder; the classes are those of the training file.

    Args:
        folder: A folder with ``train.csv`` and optionally ``val.csv`` and ``test.csv``, with
            any of the names in `csv_names`.
        version: ``'400'``, ``'600'`` or ``'700'``, for the names of the files.
        template: Name of a clip's file without extension, with ``id``, ``start`` and ``end``.
        class_folders: Whether the files are in folders named after their classes.

    Raises:
        AnnotationError: A file is missing or malformed, or has a class that training lacks.
    """
    check_name_template(template)
    train = find_file(folder, csv_names('train', version))
    classes = named_classes(train)
    lists = {}
    for split in _SPLITS:
        path = find_optional(folder, csv_names(split, version))
        if path is not None:
            rows = (
                read_clip_rows(path) if split == 'test' else (row for row, _ in labelled_rows(path))
            )
            lists[split] = list(_clips(rows, path, classes, template, class_folders))
    return VideoSet(classes, lists)


def _clips(
    rows: Iterable[Row], path: Path, classes: Sequence[str], template: str, class_folders: bool
) -> Iterator[ListedClip]:
    labels = {name: index for index, name in enumerate(classes)}
    for row in rows:
        if row.label is not None and row.label not in labels:
            raise AnnotationError(
                f'{path}:{row.line}: the class {row.label!r} is none of the {len(classes)} '
                'classes of the training file'
            )
        label, folder = (None, '') if row.label is None else (labels[row.label], row.label)
        yield ListedClip(row.file_name(template), label, folder if class_folders else '')


def check_name_template(template: str) -> None:
    try:
        one, two = (Row(None, video, 3, 13, 1).file_name(template) for video in 'ab')
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(f'the file name {template!r} is not like {FILE_NAME!r}: {error}') from None
    if one == two:
        raise ValueError(
            f'the file name {template!r} needs a place for the id, as in {FILE_NAME!r}'
        )
