"""The font of all pictures."""

import functools
import unicodedata
from pathlib import Path

import matplotlib
from PIL import ImageFont


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which travels with matplotlib, in pixels."""
    path = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / 'DejaVuSans.ttf'
    return ImageFont.truetype(str(path), size)


def one_line(text: str) -> str:
    """Text without line breaks, control characters and halves of others, which no font has."""
    kept = (' ' if unicodedata.category(each) in _NOT_DRAWN else each for each in text)
    return ' '.join(''.join(kept).split())


_NOT_DRAWN = ('Cc', 'Cs', 'Zl', 'Zp')
