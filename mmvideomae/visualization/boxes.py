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

    Text is placed where it covers no other text: above its box, inside it at the top or bottom, or
    below it.  ``torchvision.utils.draw_bounding_boxes`` writes one line inside each box, which can
    leave the frame and cover its neighbours.

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
    for each in boxes:
        if each.lines:
            _write(draw, each, size, (width, height), taken)
    return np.asarray(page)


def _write(
    draw: ImageDraw.ImageDraw,
    shown: ShownBox,
    size: int,
    room: tuple[int, int],
    taken: list[Rectangle],
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
    place = _place(shown.box, block, room, taken)
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
) -> tuple[float, float]:
    """Left and top of a block of text, inside the frame and clear of other text if possible."""
    x1, y1, _, y2 = box
    width, height = block
    x = min(max(x1, 0), max(room[0] - width - 1, 0))
    bottom = max(room[1] - height - 1, 0)
    tops = [min(max(y, 0), bottom) for y in (y1 - height, y1, y2 - height, y2)]
    free = (y for y in tops if not any(_meet((x, y, x + width, y + height), t) for t in taken))
    return x, next(free, tops[0])


def _meet(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _clipped(box: Sequence[float], width: int, height: int) -> Rectangle:
    x1, y1, x2, y2 = box
    left, top = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
    return left, top, min(max(x2, left), width - 1), min(max(y2, top), height - 1)


def _colour(shown: ShownBox) -> tuple[int, int, int]:
    return COLOURS[shown.colour % len(COLOURS)]
