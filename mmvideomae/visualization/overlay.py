"""Draw a line of text on the frames of a video."""

from bisect import bisect_right

import numpy as np
from PIL import Image, ImageDraw

from mmvideomae.errors import one_line
from mmvideomae.visualization.fonts import font

_PAPER, _INK = (16, 16, 16), (255, 255, 255)
_BAR = '#58a6ff'


def draw_label(
    frame: np.ndarray, label: str, score: float, note: str = '', colour: str = _BAR
) -> np.ndarray:
    """Draw a class, a bar whose length is its probability, and a note at the bottom of a frame.

    Args:
        frame: (H, W, 3) uint8; it is not changed.
        score: Probability in [0, 1].
        note: Small text on the right; omitted if it does not fit beside the label.
        colour: Of the bar.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = frame.shape[:2]
    size = max(9, min(height, width) // 18)
    band = round(size * 1.9)
    top = max(height - band, 0)
    # The picture remains visible through it.
    shaded = frame.copy()
    ground = np.array(_PAPER, np.float32)
    shaded[top:] = (0.3 * shaded[top:] + 0.7 * ground).astype(np.uint8)
    page = Image.fromarray(shaded)
    draw = ImageDraw.Draw(page)
    line = max(2, size // 6)
    draw.rectangle((0, height - line, round(score * width), height), fill=colour)
    small = max(8, round(size * 0.7))
    x, y = size // 2, top + (band - line - size * 1.25) / 2
    text, used = fitting_text(label, f'  {100 * score:.0f} %', size, width - size)
    draw.text((x, y), text, _INK, font(size))
    note = one_line(note)
    needed = font(small).getlength(note)
    if note and x + used + size + needed < width - x:
        at = (width - x - needed, y + (size - small) * 0.7)
        draw.text(at, note, _INK, font(small))
    return np.asarray(page)


def fitting_text(label: str, tail: str, size: int, width: int) -> tuple[str, float]:
    """Label and tail, with the label shortened so that both fit, and their length in pixels.

    Args:
        size: Size of the font.
        width: Available width in pixels.
    """
    label = one_line(label)

    def needed(count: int) -> float:
        return font(size).getlength(_cut(label[:count], label) + tail)

    # A letter is at least a pixel wide, so the rest of a long label need not be measured.
    count = len(label)
    if count > width or needed(count) > width:
        shorter = range(1, min(count, width + 1))
        count = max(1, bisect_right(shorter, float(width), key=needed))
    return _cut(label[:count], label) + tail, needed(count)


def _cut(text: str, label: str) -> str:
    return label if text == label else f'{text.rstrip()}...'
