"""Colours of classes, which are the same in all pictures of a run."""

import colorsys
from collections.abc import Iterable

_PALETTE = (
    *('#2166ac', '#d6604d', '#4d9221', '#7b3294', '#e6a117', '#1b9e9e', '#8c6d31', '#c51b7d'),
    *('#555555', '#92c5de'),
)
_GOLDEN = 0.618034  # successive hues at this distance are spread evenly, however many there are
_LIGHTNESS = (0.38, 0.55, 0.46)


def class_colours(classes: Iterable[str]) -> dict[str, str]:
    """A colour such as ``'#2166ac'`` for each class, by its place in the list of all classes."""
    return {name: _colour(place) for place, name in enumerate(dict.fromkeys(classes))}


def _colour(place: int) -> str:
    if place < len(_PALETTE):
        return _PALETTE[place]
    extra = place - len(_PALETTE)
    parts = colorsys.hls_to_rgb(extra * _GOLDEN % 1, _LIGHTNESS[extra % len(_LIGHTNESS)], 0.6)
    return '#' + ''.join(f'{round(255 * part):02x}' for part in parts)
