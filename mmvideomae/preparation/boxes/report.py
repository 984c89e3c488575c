"""What is looked through in a data set of boxes, and what is found to be wrong with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import Box, BoxLabel, KeyFrame
from mmvideomae.formats.video_places import VideoPlaces

LEVELS = ('error', 'warning')
EXAMPLES = 5  # of each kind of problem

Moments = Mapping[KeyFrame, Sequence[BoxLabel]]
"""The rows of each key frame."""


@dataclass(frozen=True)
class BoxSet:
    """One list of boxes and what belongs to it; see `ActionBoxDataset` for the settings.

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
    """Everything of one kind that is wrong.

    Attributes:
        level: One of ``LEVELS``; training or tests fail at an error.
        kind: What is wrong.
        count: How often.
        examples: The first ``EXAMPLES``.
    """

    level: str
    kind: str
    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass
class BoxReport:
    """What was found in one list.

    Attributes:
        name: Of the list.
        counts: How many there are of what; the recall of proposals.
        classes: (id, name, rows) of each class.
        problems: Errors first.
    """

    name: str
    counts: dict[str, float] = field(default_factory=dict)
    classes: list[tuple[int, str, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, level: str, kind: str, example: str, count: int = 1) -> None:
        """Note a problem."""
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
        """How many problems of a level there are."""
        return sum(each.count for each in self.problems if each.level == level)


def attempt(report: BoxReport, kind: str, read: Callable[[], Any]) -> Any:
    """What is read, None with an error where that fails."""
    try:
        return read()
    except AnnotationError as error:
        report.add('error', kind, str(error))
        return None


def boxes_in_rows(rows: Sequence[BoxLabel]) -> list[Box]:
    """The boxes of a key frame, each once."""
    return list(dict.fromkeys(row.box for row in rows))
