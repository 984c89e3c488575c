"""What to check in a data set of boxes, and reports of problems."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import Box, BoxLabel, KeyFrame
from mmvideomae.formats.video_places import VideoPlaces

LEVELS = ('error', 'warning')
EXAMPLES = 5  # for each kind of problem

Moments = Mapping[KeyFrame, Sequence[BoxLabel]]
"""The rows of each key frame."""


@dataclass(frozen=True)
class BoxSet:
    """One list of boxes and its files; see `ActionBoxDataset` for the settings.

    Attributes:
        name: Such as ``train``.
    """

    name: str
    ann_file: str
    label_map: str
    videos: VideoPlaces
    num_classes: int | None = None
    excluded_file: str | None = None
    proposal_file: str | None = None
    proposal_images: str | None = None
    min_box_score: float = 0.0
    missing_proposals: str = 'raise'
    missing_videos: str = 'raise'


@dataclass
class Problem:
    """All problems of one kind.

    Attributes:
        level: One of ``LEVELS``; an error makes training or tests fail.
        kind: What is wrong.
        count: Number of occurrences.
        examples: The first ``EXAMPLES`` of them.
    """

    level: str
    kind: str
    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass
class BoxReport:
    """The results for one list.

    Attributes:
        name: Name of the list.
        counts: Numbers of its parts, and the recall of proposals.
        classes: (id, name, rows) of each class.
        problems: Problems, errors first.
    """

    name: str
    counts: dict[str, float] = field(default_factory=dict)
    classes: list[tuple[int, str, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, level: str, kind: str, example: str, count: int = 1) -> None:
        """Record a problem."""
        found = next((each for each in self.problems if each.kind == kind), None)
        if found is None:
            found = Problem(level, kind)
            self.problems.append(found)
            self.problems.sort(key=lambda each: LEVELS.index(each.level))
        found.count += count
        if len(found.examples) < EXAMPLES:
            found.examples.append(example)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def number(self, level: str) -> int:
        """The number of problems of a level."""
        return sum(each.count for each in self.problems if each.level == level)


def attempt(report: BoxReport, kind: str, read: Callable[[], Any]) -> Any:
    """The result of ``read``; on failure, record an error and return None."""
    try:
        return read()
    except AnnotationError as error:
        report.add('error', kind, str(error))
        return None


def boxes_in_rows(rows: Sequence[BoxLabel]) -> list[Box]:
    """The boxes of a key frame without repetitions."""
    return list(dict.fromkeys(row.box for row in rows))
