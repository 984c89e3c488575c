"""Make lists of clips with several labels each, from a table of clips and their classes."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmvideomae.errors import nearest, same_letters
from mmvideomae.formats.text_files import AnnotationError, read_rows
from mmvideomae.formats.video_folders import is_video_name
from mmvideomae.preparation.lists.make_annotations import (
    Annotations,
    FrameNames,
    Sample,
    find_samples,
    split_class,
)

_logger = logging.getLogger('mmvideomae')


def annotate_table(
    folder: Path,
    table: Path,
    ratios: Mapping[str, float],
    seed: int = 0,
    frames: FrameNames | None = None,
) -> Annotations:
    """Make lists from comma-separated lines: a path below the folder, then its classes.

    Classes are numbered in alphabetical order.  The rarest is divided among the splits first, and
    then the clips that are left of the next, so shares are nearly kept for every class.  Clips
    that the table does not name are left out, and their number is logged.

    Args:
        ratios, seed, frames: See `annotate`.

    Raises:
        AnnotationError: A line names no class, one class or clip twice, or a clip that is not in
            the folder.
    """
    samples = {sample.path: sample for sample in find_samples(folder, frames)}
    tags: dict[Sample, list[str]] = {}
    for number, (name, *fields) in read_rows(table, 'table of clips', names_files=True):
        place = f'{table}:{number}'
        sample = samples.get(name.replace('\\', '/'))
        if sample is None:
            header = '' if tags or is_video_name(name) else '; if it is a header, delete it'
            hint = same_letters(name, samples) or nearest(name, samples) or header
            raise AnnotationError(f'{place}: there is no clip {name!r} in {folder}{hint}')
        if sample in tags:
            raise AnnotationError(f'{place}: the clip {name!r} has a line already')
        tags[sample] = _classes(fields, place)
    if not tags:
        raise AnnotationError(f'the table {table} names no clip')
    if left := len(samples) - len(tags):
        _logger.warning(f'left out below {folder}: {left} clips that {table} does not name')
    classes = sorted({tag for names in tags.values() for tag in names})
    numbers = {name: number for number, name in enumerate(classes)}
    result = Annotations({}, classes)
    for split, members in _split(tags, ratios, seed).items():
        result.lists[split] = [
            (sample, tuple(sorted(numbers[tag] for tag in tags[sample]))) for sample in members
        ]
    return result


def _classes(fields: Sequence[str], place: str) -> list[str]:
    """The classes of a line; spreadsheets pad lines with empty fields."""
    names = [field for field in fields if field]
    if not names:
        raise AnnotationError(f'{place}: the clip has no class: write "path,class,class"')
    for name, count in Counter(names).items():
        if count > 1:
            raise AnnotationError(f'{place}: the class {name!r} is given twice')
    return names


def _split(
    tags: Mapping[Sample, Sequence[str]], ratios: Mapping[str, float], seed: int
) -> dict[str, list[Sample]]:
    """Divide clips among the splits, class by class, the rarest first."""
    splits = [name for name, share in ratios.items() if share > 0]
    homes: dict[Sample, str] = {}
    counts = Counter(tag for names in tags.values() for tag in names)
    for tag in sorted(counts, key=lambda name: (counts[name], name)):
        mine = [sample for sample in tags if tag in tags[sample] and sample not in homes]
        if len(mine) < len(splits):  # too few to divide
            homes |= dict.fromkeys(mine, splits[0])
            continue
        for split, members in split_class(tag, mine, ratios, seed).items():
            homes |= dict.fromkeys(members, split)
    found = {split: [sample for sample in tags if homes[sample] == split] for split in splits}
    if empty := [split for split, members in found.items() if not members]:
        raise AnnotationError(f'{len(tags)} clips are too few for a list {", ".join(empty)}')
    return found
