"""What annotation files name: clips and classes, wherever the files of the clips lie."""

from dataclasses import dataclass
from typing import NamedTuple


class ListedClip(NamedTuple):
    """One clip as an annotation file names it.

    Attributes:
        name: File name without its extension.
        label: Index of the class, None where the annotations keep it secret (test sets).
        folder: Class folder of the published layout; '' where files lie side by side.
        frames: First frame and number of frames, where the clip is a part of its file.
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
        lists: Clips by the name of the list to be, such as ``train`` or ``split1/train``.
    """

    classes: list[str]
    lists: dict[str, list[ListedClip]]
