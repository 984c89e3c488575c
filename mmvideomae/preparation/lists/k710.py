"""Kinetics-710: Kinetics-400, -600 and -700 as one labelled data set (VideoMAE V2, appendix C).

What makes two rows one clip is the YouTube id, whatever seconds they name: the paper removes
duplicates by id, and clips of one video in training and validation would be a leak.

- Classes of one name are one class, and so are the pairs `RENAMED`.
- Validation rows of all versions come first, then training rows; versions in order of
  preference, rows in the order of their files.  The first row of an id gives the clip its
  label, its seconds and its file; later rows of the id are duplicates, also where their label
  (`Tally.other_label`) or their seconds (`Tally.other_span`) differ.
- A training row whose id is in the validation file of any version is a leak and removed, also
  where no file of the validation clip exists.
- A row whose file is missing is set aside before duplicates are looked for, so that the file
  of another version takes its place.
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
"""Classes that have another name in some version of Kinetics -> the name kept."""


@dataclass(frozen=True)
class Version:
    """One version of Kinetics.

    Attributes:
        name: For messages and the tally, such as ``kinetics400``.
        train: Its training CSV.
        val: Its validation CSV.
        locate: Path of the file of a row as it is to stand in a list, None if it is missing.
    """

    name: str
    train: Path
    val: Path
    locate: Callable[[Row], str | None]


@dataclass
class Tally:
    """What became of the rows of one file; ``rows`` is the sum of the next four.

    Attributes:
        rows: Rows of the file.
        kept: Listed.
        missing: Without a file.
        duplicates: Of a clip that is listed already.
        leaks: Training rows of a validation video.
        other_label: Of the duplicates those with another merged class.
        other_span: Of the duplicates those with other seconds.
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
        maps: By version: entry ``i`` is the merged label of class ``i`` of the version, whose
            classes are in alphabetical order.
        tallies: By version and split.
        missing: Split, version and row of every clip without a file.
    """

    classes: list[str]
    lists: dict[str, list[tuple[str, int]]]
    maps: dict[str, list[int]]
    tallies: dict[str, dict[str, Tally]]
    missing: list[tuple[str, str, Row]]


class _Kept(NamedTuple):
    """The row that stands for a clip."""

    path: str
    label: str
    start: int
    end: int


@dataclass
class _Merger:
    """Takes rows in order of preference and remembers one per YouTube id."""

    held_out: set[str] = field(default_factory=set)
    kept: dict[str, dict[str, _Kept]] = field(default_factory=lambda: {'val': {}, 'train': {}})
    names: dict[str, set[str]] = field(default_factory=dict)
    tallies: dict[str, dict[str, Tally]] = field(default_factory=dict)
    missing: list[tuple[str, str, Row]] = field(default_factory=list)

    def take(self, version: Version, split: str) -> None:
        """Read one file; validation files of all versions before training files."""
        path = version.val if split == 'val' else version.train
        tally = self.tallies.setdefault(version.name, {}).setdefault(split, Tally())
        names = self.names.setdefault(version.name, set())
        # One string per class name, not one per row: a million rows stay small.
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
    """The name of a class of any version in the merged data set."""
    return RENAMED.get(name, name)


def merge(versions: Sequence[Version], order: Sequence[str] | None = None) -> Merged:
    """Merge versions of Kinetics by the rules of this module.

    Args:
        versions: In order of preference.
        order: Class names in the order of the labels, for example that of the released
            weights; None: alphabetical.

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
    """Merged names of the classes of a version, which must stay apart."""
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
            f'the given order has {len(order)} names, the merged classes are {len(names)}; '
            f'it lacks {lacking[:3]}, and of its names {unknown[:3]} are no merged classes'
        )
    return list(order)
