"""Kinetics-710: Kinetics-400, -600 and -700 as one labelled data set (VideoMAE V2, appendix C).

Rows with the same YouTube id are one clip, even with different seconds: the paper removes
duplicates by id, and clips of one video in both training and validation would be a leak.

- Classes with the same name are one class, and so are the pairs in `RENAMED`.
- Validation rows of all versions come first, then training rows; versions are in order of
  preference, rows in the order of their files.  The first row of an id determines the clip's
  label, seconds and file; later rows with the id are duplicates, even if their label
  (`Tally.other_label`) or seconds (`Tally.other_span`) differ.
- A training row whose id is in the validation file of any version is a leak and is removed,
  even if the validation clip has no file.
- A row whose file is missing is set aside before the search for duplicates, so that the file
  of another version can replace it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.preparation.lists.kinetics import Row, labelled_rows

RENAMED = {
    'changing wheel': 'changing wheel (not on bike)',
    'garbage collecting': 'person collecting garbage',
    'balloon blowing': 'inflating balloons',
    'tying tie': 'tying necktie',
    'making bed': 'making the bed',
    'opening bottle': 'opening bottle (not wine)',
    'hugging': 'hugging (not baby)',
    'dying hair': 'dyeing hair',
    'throwing ball': 'throwing ball (not baseball or American football)',
    'cooking sausages': 'cooking sausages (not on barbeque)',
    'passing american football (not in game)': 'passing American football (not in game)',
    'picking fruit': 'picking apples',
    'skiing (not slalom or crosscountry)': 'skiing mono',
    'drinking': 'sipping cup',
    'sniffing': 'smelling feet',
}
"""Names of classes that differ in a version of Kinetics -> the name that is kept."""


@dataclass(frozen=True)
class Version:
    """One version of Kinetics.

    Attributes:
        name: Name for messages and the tally, such as ``kinetics400``.
        train: Its training CSV.
        val: Its validation CSV.
        locate: Returns the path in the list for the file of a row, or None if it is missing.
    """

    name: str
    train: Path
    val: Path
    locate: Callable[[Row], str | None]


@dataclass
class Tally:
    """Counts of the rows of one file; ``rows`` is the sum of the next four.

    Attributes:
        rows: Rows of the file.
        kept: Rows that are listed.
        missing: Rows without a file.
        duplicates: Rows of a clip that is already listed.
        leaks: Training rows of a validation video.
        other_label: Duplicates with another merged class.
        other_span: Duplicates with other seconds.
    """

    rows: int = 0
    kept: int = 0
    missing: int = 0
    duplicates: int = 0
    leaks: int = 0
    other_label: int = 0
    other_span: int = 0


@dataclass
class Merged:
    """The merged data set.

    Attributes:
        classes: Names in the order of the labels.
        lists: Paths and labels of ``train`` and ``val``.
        maps: For each version: entry ``i`` is the merged label of class ``i`` of the version,
            whose classes are in alphabetical order.
        tallies: Counts keyed by version and split.
        missing: Split, version and row of every clip without a file.
    """

    classes: list[str]
    lists: dict[str, list[tuple[str, int]]]
    maps: dict[str, list[int]]
    tallies: dict[str, dict[str, Tally]]
    missing: list[tuple[str, str, Row]]


class _Kept(NamedTuple):
    """The row that represents a clip."""

    path: str
    label: str
    start: int
    end: int


@dataclass
class _Merger:
    """Processes rows in order of preference and keeps one per YouTube id."""

    held_out: set[str] = field(default_factory=set)
    kept: dict[str, dict[str, _Kept]] = field(default_factory=lambda: {'val': {}, 'train': {}})
    names: dict[str, set[str]] = field(default_factory=dict)
    tallies: dict[str, dict[str, Tally]] = field(default_factory=dict)
    missing: list[tuple[str, str, Row]] = field(default_factory=list)

    def take(self, version: Version, split: str) -> None:
        """Read one file; validation files of all versions must come before training files."""
        path = version.val if split == 'val' else version.train
        tally = self.tallies.setdefault(version.name, {}).setdefault(split, Tally())
        names = self.names.setdefault(version.name, set())
        # One string per class name instead of one per row keeps a million rows small.
        merged: dict[str, str] = {}
        for row, label in labelled_rows(path):
            tally.rows += 1
            names.add(label)
            self._take_row(row, merged.setdefault(label, merged_name(label)), version, split, tally)

    def _take_row(self, row: Row, label: str, version: Version, split: str, tally: Tally) -> None:
        if split == 'val':
            self.held_out.add(row.video)
        elif row.video in self.held_out:
            tally.leaks += 1
            return
        path = version.locate(row)
        if path is None:
            tally.missing += 1
            self.missing.append((split, version.name, row))
            return
        kept = self.kept[split]
        first = kept.get(row.video)
        if first is None:
            kept[row.video] = _Kept(path, label, row.start, row.end)
            tally.kept += 1
            return
        tally.duplicates += 1
        tally.other_label += first.label != label
        tally.other_span += (first.start, first.end) != (row.start, row.end)


def merged_name(name: str) -> str:
    """The name in the merged data set for a class of any version."""
    return RENAMED.get(name, name)


def merge(versions: Sequence[Version], order: Sequence[str] | None = None) -> Merged:
    """Merge versions of Kinetics by the rules of this module.

    Args:
        versions: Versions in order of preference.
        order: Class names in the order of the labels, for example that of the released
            weights; None: alphabetical order.

    Raises:
        AnnotationError: A file cannot be read or is malformed, ``order`` does not name exactly
            the merged classes, or a version has both names of a pair of `RENAMED`.
    """
    merger = _Merger()
    for split in ('val', 'train'):
        for version in versions:
            merger.take(version, split)
    names = {merged_name(name) for found in merger.names.values() for name in found}
    classes = sorted(names) if order is None else _checked(order, names)
    labels = {name: label for label, name in enumerate(classes)}
    maps = {
        name: [labels[merged] for merged in _distinct(name, sorted(found))]
        for name, found in merger.names.items()
    }
    lists = {
        split: [(clip.path, labels[clip.label]) for clip in merger.kept[split].values()]
        for split in ('train', 'val')
    }
    return Merged(classes, lists, maps, merger.tallies, merger.missing)


def _distinct(version: str, names: Sequence[str]) -> list[str]:
    """Merged names of the classes of a version, which must remain distinct."""
    merged = [merged_name(name) for name in names]
    for name, other in zip(names, merged, strict=True):
        if name != other and other in names:
            raise AnnotationError(
                f'{version} has both {name!r} and {other!r}, which are one class of Kinetics-710: '
                'are the files of two versions mixed?'
            )
    return merged


def _checked(order: Sequence[str], names: set[str]) -> list[str]:
    lacking, unknown = sorted(names - set(order)), sorted(set(order) - names)
    if lacking or unknown or len(order) != len(names):
        raise AnnotationError(
            f'the given order has {len(order)} names, but there are {len(names)} merged classes; '
            f'it lacks {lacking[:3]}, and its names {unknown[:3]} are not merged classes'
        )
    return list(order)
