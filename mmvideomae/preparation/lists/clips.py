"""Clips and classes in annotation files, independent of the places of files."""

from dataclasses import dataclass
from typing import NamedTuple


class ListedClip(NamedTuple):
    """One clip in an annotation file.

    Attributes:
        name: File name without its extension.
        label: Index of the class, None if the annotations do not publish it (test sets).
        folder: Class folder of the published layout; '' if there are no folders.
        frames: First frame and number of frames, if the clip is a part of its file.
    """

    name: str
    label: int | None = None
    folder: str = ''
    frames: tuple[int, int] | None = None


@dataclass(frozen=True)
class VideoSet:
    """The clips of a data set.

    Attributes:
        classes: Class names; a label is an index into them.
        lists: Clips keyed by the name of the list, such as ``train`` or ``split1/train``.
    """

    classes: list[str]
    lists: dict[str, list[ListedClip]]
