"""Painted shapes on a torus: their outlines, boxes and anti-aliased pictures."""

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

_TABLE = 256  # entries per side of a distance table
_REACH = 1.25  # a table covers [-reach, reach] in units of the shape's radius
_PAINT = 32  # side of a shape's paint

# Corners inside the unit circle.  No outline has a rotational symmetry, so every turn is
# visible, and each is nearly convex, so it remains recognisable in small frames.
_OUTLINES = (
    ((0.0, -1.0), (0.75, 0.66), (0.0, 0.3), (-0.75, 0.66)),  # arrow head
    ((-0.7, -0.7), (-0.1, -0.7), (-0.1, 0.1), (0.7, 0.1), (0.7, 0.7), (-0.7, 0.7)),  # L
    ((-0.8, 0.6), (0.8, 0.6), (0.45, -0.85), (-0.8, 0.0)),  # sail
    ((-0.35, 0.93), (-0.35, -0.93), (0.9, -0.4), (0.05, 0.15), (0.05, 0.93)),  # flag
    tuple((math.cos(a), math.sin(a)) for a in np.linspace(0, math.pi, 13)),  # half disc
    (
        (-0.1, 0.0),
        *((math.cos(a), math.sin(a)) for a in np.linspace(0.7, 2 * math.pi - 0.7, 21)),
    ),  # open mouth
)


@dataclass(frozen=True)
class Shape:
    """One moving shape: outline, first pose and paint.

    Attributes:
        outline: Index into the outlines.
        x, y: Centre in pixels at frame 0.
        angle: Radians at frame 0, clockwise on the screen.
        phase: Position in [0, 1) of the radius in its (logarithmic) cycle at frame 0.
        paint: Colours over the shape's own square, ``(S, S, 3)`` float32 in [0, 255].
    """

    outline: int
    x: float
    y: float
    angle: float
    phase: float
    paint: np.ndarray


def draw_shape(
    rng: np.random.Generator, height: int, width: int, light: float, textured: bool
) -> Shape:
    """Draw a shape at a random place in a frame, with colours around ``light``."""
    return Shape(
        outline=int(rng.integers(len(_OUTLINES))),
        x=rng.uniform(0, width),
        y=rng.uniform(0, height),
        angle=rng.uniform(0, 2 * math.pi),
        phase=rng.uniform(0, 1),
        paint=draw_paint(rng, light, _PAINT, _PAINT, textured),
    )


def draw_paint(
    rng: np.random.Generator, light: float, height: int, width: int, textured: bool
) -> np.ndarray:
    """A plain or textured square with a random tint around ``light``: ``(H, W, 3)`` float32."""
    tint = rng.uniform(-15, 15, 3)
    paint = np.broadcast_to(light + tint - tint.mean(), (height, width, 3)).astype(np.float32)
    if textured:
        for cells, amplitude in ((4, 18.0), (9, 12.0)):
            knots = rng.normal(0, amplitude, (cells, cells, 1)).astype(np.float32)
            waves = cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)
            paint += waves[..., None]
    return np.clip(paint, 0, 255)


def paint_shape(
    canvas: np.ndarray,
    shape: Shape,
    x: np.ndarray,
    y: np.ndarray,
    angle: np.ndarray,
    radius: np.ndarray,
) -> None:
    """Blend one shape into all frames of ``canvas (T, H, W, 3)``; poses are arrays ``(T,)``.

    Each pixel is mapped to the shape's own coordinates (the outline's circumscribed circle
    is the unit circle), where the outline is a table of signed distances.  Distance times
    radius is in pixels, so edges are one pixel wide at every size.
    """
    height, width = canvas.shape[1:3]
    # Distances on the torus: the shape is small enough to appear only once.
    dx = (np.arange(width, dtype=np.float32) - x[:, None] + width / 2) % width - width / 2
    dy = (np.arange(height, dtype=np.float32) - y[:, None] + height / 2) % height - height / 2
    cos, sin = (np.cos(angle) / radius)[:, None], (np.sin(angle) / radius)[:, None]
    local_x = (cos * dx)[:, None, :] + (sin * dy)[:, :, None]
    local_y = (cos * dy)[:, :, None] - (sin * dx)[:, None, :]
    table = _distance_table(shape.outline)
    to_table, to_paint = _TABLE / (2 * _REACH), _PAINT / 2
    for t, frame in enumerate(canvas):
        distance = cv2.remap(
            table,
            (local_x[t] + _REACH) * to_table - 0.5,
            (local_y[t] + _REACH) * to_table - 0.5,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        alpha = np.clip(distance * radius[t] + 0.5, 0, 1)[..., None]
        paint = cv2.remap(
            shape.paint,
            (local_x[t] + 1) * to_paint - 0.5,
            (local_y[t] + 1) * to_paint - 0.5,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        frame += alpha * (paint - frame)


def shape_box(
    shape: Shape, x: float, y: float, angle: float, radius: float
) -> tuple[float, float, float, float]:
    """The tight box (x1, y1, x2, y2) of a posed shape, in pixels from the corner of the frame.

    A pose is relative to the centre of the first pixel, half a pixel inside the frame.
    """
    corners = np.array(_OUTLINES[shape.outline])
    turned = corners @ [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    low, high = turned.min(0) * radius + 0.5, turned.max(0) * radius + 0.5
    return x + low[0], y + low[1], x + high[0], y + high[1]


@cache
def _distance_table(outline: int) -> np.ndarray:
    """Signed distances to an outline in units of its radius, positive inside."""
    centre = np.arange(_TABLE, dtype=np.float64) + 0.5
    corners = np.array(_OUTLINES[outline]) / (2 * _REACH) * _TABLE + _TABLE / 2
    contour = corners.astype(np.float32).reshape(-1, 1, 2)
    table = [[cv2.pointPolygonTest(contour, (x, y), True) for x in centre] for y in centre]
    return np.array(table, dtype=np.float32) / _TABLE * (2 * _REACH)
