"""Draw boxes and text about them on frames."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from mmvideomae.visualization.fonts import font
from mmvideomae.visualization.overlay import fitting_text

# Light colours, so that dark text is readable on them.
COLOURS = (
    (88, 166, 255),
    (255, 159, 64),
    (94, 211, 126),
    (240, 128, 210),
    (250, 219, 85),
    (110, 226, 226),
    (255, 122, 110),
    (184, 160, 255),
)
_INK = (16, 16, 16)

Rectangle = tuple[float, float, float, float]


class Said(NamedTuple):
    """One line of text about a box, and its confidence."""

    label: str
    score: float


class ShownBox(NamedTuple):
    """A box in pixels, its text, and the number of its colour."""

    box: Sequence[float]
    lines: Sequence[Said]
    colour: int = 0


def draw_boxes(frame: np.ndarray, boxes: Sequence[ShownBox]) -> np.ndarray:
    """Draw boxes with their lines of text, best first, inside the frame.

    Text is placed where it covers no other text and the least of the boxes: above its box, below,
    beside or inside it.  ``torchvision.utils.draw_bounding_boxes`` writes one line inside each box,
    which can leave the frame and cover its neighbours.

    Args:
        frame: (H, W, 3) uint8; it is not changed.

    Returns:
        (H, W, 3) uint8.
    """
    if not boxes:
        return frame
    height, width = frame.shape[:2]
    size = max(9, min(height, width) // 24)
    page = Image.fromarray(frame)
    draw = ImageDraw.Draw(page)
    for each in boxes:
        edges = _clipped(each.box, width, height)
        draw.rectangle(edges, outline=_colour(each), width=max(2, size // 6))
    taken: list[Rectangle] = []
    people = [_clipped(each.box, width, height) for each in boxes]
    for each in boxes:
        if each.lines:
            _write(draw, each, size, (width, height), taken, people)
    return np.asarray(page)


def _write(
    draw: ImageDraw.ImageDraw,
    shown: ShownBox,
    size: int,
    room: tuple[int, int],
    taken: list[Rectangle],
    people: Sequence[Rectangle],
) -> None:
    """Write the lines of a box on a background of its colour."""
    margin, step = size // 3, round(size * 1.25)
    limit = room[0] - 2 * margin
    texts = [
        fitting_text(one.label, f'  {100 * one.score:.0f} %', size, limit) for one in shown.lines
    ]
    # If there are too many lines, the best ones that fit are kept.
    texts = texts[: max(1, (room[1] - margin) // step)]
    block = (max(used for _, used in texts) + 2 * margin, len(texts) * step + margin)
    place = _place(shown.box, block, room, taken, people)
    taken.append((*place, place[0] + block[0], place[1] + block[1]))
    draw.rectangle(taken[-1], fill=_colour(shown))
    for number, (text, _) in enumerate(texts):
        at = (place[0] + margin, place[1] + margin / 2 + number * step)
        draw.text(at, text, _INK, font(size))


def _place(
    box: Sequence[float],
    block: tuple[float, float],
    room: tuple[int, int],
    taken: Sequence[Rectangle],
    people: Sequence[Rectangle],
) -> tuple[float, float]:
    """Left and top of a block of text inside the frame.

    Of the places around and inside the box, it is the first that covers the least of other text,
    and then of people.
    """
    x1, y1, x2, y2 = box
    width, height = block
    around = [(x1, y1 - height), (x1, y2), (x2, y1), (x1 - width, y1)]
    right, bottom = (max(side - used - 1, 0) for side, used in zip(room, block, strict=True))
    places = [
        (min(max(x, 0), right), min(max(y, 0), bottom))
        for x, y in (*around, (x1, y1), (x1, y2 - height))
    ]

    def covered(place: tuple[float, float]) -> tuple[float, float]:
        mine = (*place, place[0] + width, place[1] + height)
        texts, boxes = (sum(_shared(mine, other) for other in each) for each in (taken, people))
        return texts, boxes

    return min(places, key=covered)


def _shared(a: Rectangle, b: Rectangle) -> float:
    """The area that two rectangles have in common."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)


def _clipped(box: Sequence[float], width: int, height: int) -> Rectangle:
    x1, y1, x2, y2 = box
    left, top = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
    return left, top, min(max(x2, left), width - 1), min(max(y2, top), height - 1)


def _colour(shown: ShownBox) -> tuple[int, int, int]:
    return COLOURS[shown.colour % len(COLOURS)]
