"""Clips whose class is told by motion alone: the data of demos, claims and training tests.

Shapes move over a still ground: they translate in one of eight directions, turn, or
grow and shrink.  Frames are a torus (what leaves on one side comes in on the other) and
the sizes of zooming shapes run through a cycle, so that position, angle and size keep
one and the same uniform distribution in every frame of every class.  Hence

* no single frame says anything about the class: a scene is drawn without looking at the
  label, and frame 0 of a scene is the same picture for all classes;
* a clip played backwards is a clip of the opposite class, ``opposite(label)``.
"""

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np


@dataclass(frozen=True)
class Motion:
    """What one step in time changes: position (x right, y down), angle, or size."""

    name: str
    direction: tuple[float, float] = (0.0, 0.0)
    turn: int = 0
    growth: int = 0


_DIAGONAL = math.sqrt(0.5)
# Opposites are neighbours, and any even number of first classes is a balanced problem.
MOTIONS = (
    Motion('move_right', direction=(1.0, 0.0)),
    Motion('move_left', direction=(-1.0, 0.0)),
    Motion('move_down', direction=(0.0, 1.0)),
    Motion('move_up', direction=(0.0, -1.0)),
    Motion('move_down_right', direction=(_DIAGONAL, _DIAGONAL)),
    Motion('move_up_left', direction=(-_DIAGONAL, -_DIAGONAL)),
    Motion('move_down_left', direction=(-_DIAGONAL, _DIAGONAL)),
    Motion('move_up_right', direction=(_DIAGONAL, -_DIAGONAL)),
    Motion('turn_clockwise', turn=1),
    Motion('turn_counterclockwise', turn=-1),
    Motion('zoom_in', growth=1),
    Motion('zoom_out', growth=-1),
)
CLASS_NAMES = tuple(motion.name for motion in MOTIONS)


@dataclass(frozen=True)
class Style:
    """How scenes look and how fast they move; pairs are ranges drawn from uniformly.

    Lengths are fractions of the frame's shorter side.

    Args:
        random_polarity: Shapes are brighter or darker than the ground at random;
            otherwise always brighter.
        textured: Ground and shapes carry a smooth texture (a shape's moves with it);
            otherwise both are plain.
        num_shapes: Least and greatest number of shapes in a scene.
        radius: Least and greatest radius of a shape; also the cycle of a zoom.
        speed: Translation per frame.
        turn: Degrees of rotation per frame.
        growth: Relative change of the radius per frame (difference of logarithms).
    """

    random_polarity: bool = False
    textured: bool = False
    num_shapes: tuple[int, int] = (1, 2)
    radius: tuple[float, float] = (0.12, 0.32)
    speed: tuple[float, float] = (0.02, 0.05)
    turn: tuple[float, float] = (4.0, 10.0)
    growth: tuple[float, float] = (0.02, 0.04)

    def __post_init__(self) -> None:
        if not 0 < self.radius[0] <= self.radius[1] < 0.5:
            raise ValueError(f'radius {self.radius} must lie within (0, 0.5) of the shorter side')
        if not 1 <= self.num_shapes[0] <= self.num_shapes[1]:
            raise ValueError(f'num_shapes {self.num_shapes} must be a range from 1 upwards')


STYLES = {
    'easy': Style(),
    'hard': Style(random_polarity=True, textured=True, num_shapes=(1, 3)),
    # So many shapes, so fast, that the hidden part of a clip can only be told by following
    # what moves: see docs/claims.md.
    'crowd': Style(random_polarity=True, num_shapes=(5, 7), radius=(0.15, 0.3), speed=(0.05, 0.05)),
}


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


@dataclass(frozen=True)
class Scene:
    """Everything about a clip but its motion; ``pace`` in [0, 1] picks the speed in its range."""

    ground: np.ndarray
    shapes: tuple[Shape, ...]
    pace: float


def opposite(label: int) -> int:
    """The class that this class becomes when its clips are played backwards."""
    return label ^ 1


def class_index(label: int | str) -> int:
    """Class number of a number or a name; ``ValueError`` names what is not a class."""
    if isinstance(label, str) and label in CLASS_NAMES:
        return CLASS_NAMES.index(label)
    if isinstance(label, int | np.integer) and 0 <= label < len(MOTIONS):
        return int(label)
    raise ValueError(f'no motion class {label!r}: numbers 0 to {len(MOTIONS) - 1} or {CLASS_NAMES}')


def render_clip(
    label: int | str,
    rng: np.random.Generator,
    size: int | tuple[int, int] = 64,
    frames: int = 40,
    difficulty: str | Style = 'easy',
) -> np.ndarray:
    """Draw a scene from ``rng`` and let it move as ``label`` says.

    Args:
        label: Class number or name, see ``CLASS_NAMES``.
        rng: Source of everything random; the draws do not depend on the label.
        size: Side of square frames, or ``(H, W)``, in pixels.
        frames: Number of frames ``T``.
        difficulty: ``'easy'`` (bright shapes on a darker ground), ``'hard'`` (random
            polarity and textures), ``'crowd'`` (many fast shapes of random polarity), or a
            :class:`Style` of one's own.

    Returns:
        RGB clip ``(T, H, W, 3)`` uint8.
    """
    style = style_of(difficulty)
    height, width = (size, size) if isinstance(size, int) else size
    motion = MOTIONS[class_index(label)]
    return render_scene(draw_scene(rng, height, width, style), motion, frames, style)


def style_of(difficulty: str | Style) -> Style:
    """A preset by its name, or the style itself."""
    if isinstance(difficulty, Style):
        return difficulty
    if difficulty not in STYLES:
        raise ValueError(f'no difficulty {difficulty!r}: one of {sorted(STYLES)}')
    return STYLES[difficulty]


def draw_scene(rng: np.random.Generator, height: int, width: int, style: Style) -> Scene:
    """Draw ground, shapes and pace."""
    ground_light, shape_lights = _draw_lights(rng, style)
    ground = _draw_paint(rng, ground_light, height, width, style.textured)
    shapes = tuple(
        Shape(
            outline=int(rng.integers(len(_OUTLINES))),
            x=rng.uniform(0, width),
            y=rng.uniform(0, height),
            angle=rng.uniform(0, 2 * math.pi),
            phase=rng.uniform(0, 1),
            paint=_draw_paint(rng, light, _PAINT, _PAINT, style.textured),
        )
        for light in shape_lights
    )
    return Scene(ground, shapes, rng.uniform(0, 1))


def advance(
    scene: Scene, motion: Motion, steps: float, style: Style
) -> list[tuple[float, float, float, float]]:
    """Poses ``(x, y, angle, phase)`` of the scene's shapes ``steps`` frames later."""
    height, width = scene.ground.shape[:2]
    speed = between(style.speed, scene.pace) * min(height, width)
    turn = math.radians(between(style.turn, scene.pace))
    cycle = math.log(style.radius[1] / style.radius[0])
    rate = between(style.growth, scene.pace) / cycle if cycle else 0.0
    return [
        (
            (shape.x + motion.direction[0] * speed * steps) % width,
            (shape.y + motion.direction[1] * speed * steps) % height,
            (shape.angle + motion.turn * turn * steps) % (2 * math.pi),
            (shape.phase + motion.growth * rate * steps) % 1.0,
        )
        for shape in scene.shapes
    ]


def render_scene(scene: Scene, motion: Motion, frames: int, style: Style) -> np.ndarray:
    """Render the moving scene: ``(T, H, W, 3)`` uint8, anti-aliased."""
    height, width = scene.ground.shape[:2]
    canvas = np.repeat(scene.ground[None], frames, axis=0)
    poses = np.array([advance(scene, motion, step, style) for step in range(frames)])
    small, large = (bound * min(height, width) for bound in style.radius)
    for number, shape in enumerate(scene.shapes):
        x, y, angle, phase = poses[:, number].T.astype(np.float32)
        radius = small * (large / small) ** phase
        paint_shape(canvas, shape, x, y, angle, radius)
    return np.clip(canvas + 0.5, 0, 255).astype(np.uint8)


def paint_shape(
    canvas: np.ndarray,
    shape: Shape,
    x: np.ndarray,
    y: np.ndarray,
    angle: np.ndarray,
    radius: np.ndarray,
) -> None:
    """Blend one shape into all frames of ``canvas (T, H, W, 3)``; poses are arrays ``(T,)``.

    Each pixel is mapped into the shape's own coordinates (the outline's circumscribed
    circle is the unit circle), where the outline is a table of signed distances: distance
    times radius is in pixels, so that edges are one pixel wide at every size.
    """
    height, width = canvas.shape[1:3]
    # Distances on the torus: the shape is small enough to be seen once.
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


_TABLE = 256  # entries per side of a distance table
_REACH = 1.25  # a table covers [-reach, reach] in units of the shape's radius
_PAINT = 32  # side of a shape's paint

# Corners inside the unit circle.  No outline has a rotational symmetry, so that every
# turn is seen, and each is convex or nearly so, so that it survives small frames.
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


def shape_box(
    shape: Shape, x: float, y: float, angle: float, radius: float
) -> tuple[float, float, float, float]:
    """The tight box (x1, y1, x2, y2) of a posed shape, in pixels from the corner of the frame.

    A pose counts from the centre of the first pixel, half a pixel inside the frame.
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


def _draw_lights(rng: np.random.Generator, style: Style) -> tuple[float, list[float]]:
    """Mean light of the ground and of each shape, at least 70 of 255 apart."""
    count = int(rng.integers(style.num_shapes[0], style.num_shapes[1] + 1))
    if not style.random_polarity:
        return rng.uniform(20, 80), list(rng.uniform(160, 235, count))
    ground = rng.uniform(90, 165)
    signs = rng.choice([-1, 1], count)
    return ground, list(ground + signs * rng.uniform(70, 85, count))


def _draw_paint(
    rng: np.random.Generator, light: float, height: int, width: int, textured: bool
) -> np.ndarray:
    """A plain or textured square of a random tint around ``light``: ``(H, W, 3)`` float32."""
    tint = rng.uniform(-15, 15, 3)
    paint = np.broadcast_to(light + tint - tint.mean(), (height, width, 3)).astype(np.float32)
    if textured:
        for cells, amplitude in ((4, 18.0), (9, 12.0)):
            knots = rng.normal(0, amplitude, (cells, cells, 1)).astype(np.float32)
            waves = cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)
            paint += waves[..., None]
    return np.clip(paint, 0, 255)


def between(bounds: tuple[float, float], fraction: float) -> float:
    """The point at ``fraction`` of the way from the first bound to the second."""
    return bounds[0] + (bounds[1] - bounds[0]) * fraction
