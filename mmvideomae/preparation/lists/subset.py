"""Select a part of a list, with the same share or number of clips from every class."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mmvideomae.formats.annotations import AnnotationError, LineFormat, read_entries
from mmvideomae.formats.text_files import shown


def class_orders(labels: Sequence[int | None], seed: int = 0) -> dict[int | None, list[int]]:
    """Positions of the clips of each class in random order, with classes ascending.

    For one seed, subsets of the first clips of each class are nested.
    """
    members: dict[int | None, list[int]] = {}
    for position, label in enumerate(labels):
        members.setdefault(label, []).append(position)
    rng = np.random.default_rng(seed)
    return {
        label: [members[label][n] for n in rng.permutation(len(members[label]))]
        for label in sorted(members, key=lambda label: -1 if label is None else label)
    }


def choose(labels: Sequence[int | None], count: Callable[[int], int], seed: int = 0) -> list[int]:
    """Ascending positions of ``count(n)`` clips of each class with ``n`` clips.

    For one seed, a ``count`` that is never smaller chooses a superset.
    """
    orders = class_orders(labels, seed)
    return sorted(position for order in orders.values() for position in order[: count(len(order))])


def share(fraction: float) -> Callable[[int], int]:
    """A count for `choose`: a fraction of a class, rounded to the nearest clip, at least one.

    Raises:
        ValueError: The fraction is not in (0, 1].
    """
    if not 0 < fraction <= 1:
        raise ValueError(f'the fraction must be above 0 and at most 1, got {fraction}')
    return lambda size: max(1, int(fraction * size + 0.5))


def read_lines(path: Path, columns: str | None = None) -> tuple[list[str], list[int | None]]:
    """The unchanged lines of a list and their labels (None if a line has none).

    Args:
        columns: The fields of a line, see `LineFormat`.

    Raises:
        AnnotationError: The list cannot be read, is empty or malformed, or only some of its lines
            have a label.
        ValueError: The columns are unknown.
    """
    line_format = LineFormat.of(columns, labelled=False)
    lines: list[str] = []
    labels: list[int | None] = []
    for number, line, entry in read_entries(path, line_format):
        if labels and (entry.label is None) != (labels[0] is None):
            raise AnnotationError(
                f'{path}:{number}: all lines must have one label, or none: {shown(line)}, after '
                f'{shown(lines[0])}'
            )
        lines.append(line)
        labels.append(entry.label)
    if not lines:
        raise AnnotationError(f'the list {path} names no video')
    return lines, labels


def number_of_each(each: int, labels: Sequence[int | None]) -> Callable[[int], int]:
    """A count for `choose`: the same number of every class.

    Raises:
        ValueError: ``each`` is below 1, a clip has no label, or a class has too few clips.
    """
    if each < 1:
        raise ValueError(f'at least one clip of each class is needed, got {each}')
    if None in labels:
        raise ValueError('choosing clips of each class needs a list with labels')
    sizes = Counter(labels)
    small = sorted(label for label, size in sizes.items() if size < each and label is not None)
    if small:
        raise ValueError(
            f'{each} clips of each class are needed, but {len(small)} of {len(sizes)} classes have '
            f'fewer; class {small[0]} has {sizes[small[0]]}'
        )
    return lambda size: each
