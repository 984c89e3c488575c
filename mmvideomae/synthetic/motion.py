"""Clips whose class depends on motion alone, for demos, claims and training tests.

Shapes move over a still background: they translate in one of eight directions, turn, or
grow and shrink.  Frames are a torus (a shape that leaves on one side enters on the other)
and the sizes of zooming shapes run through a cycle, so position, angle and size have the
same uniform distribution in every frame of every class.  Therefore

* a single frame does not reveal the class: a scene is drawn independently of the label,
  and frame 0 of a scene is the same picture for all classes;
* a clip played backwards is a clip of the opposite class, ``opposite(label)``.
"""

import math
from dataclasses import dataclass

import numpy as np

from mmvideomae.synthetic.shapes import Shape, draw_paint, draw_shape, paint_shape


@dataclass(frozen=True)
class Motion:
    """The change in one time step of position (x right, y down), angle or size."""

    name: str
    direction: tuple[float, float] = (0.0, 0.0)
    turn: int = 0
    growth: int = 0


_DIAGONAL = math.sqrt(0.5)
# Opposites are neighbours, so the first n classes are a balanced problem for any even n.
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
    """Appearance and speed of scenes; pairs are ranges of uniform distributions.

    Lengths are fractions of the frame's shorter side.

    Args:
        random_polarity: Shapes are randomly brighter or darker than the background;
            otherwise always brighter.
        textured: Background and shapes have a smooth texture (a shape's moves with it);
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
    # So many fast shapes that the hidden part of a clip can only be predicted by following the
    # motion: see docs/claims.md.
    'crowd': Style(random_polarity=True, num_shapes=(5, 7), radius=(0.15, 0.3), speed=(0.05, 0.05)),
}


@dataclass(frozen=True)
class Scene:
    """Everything about a clip except its motion; ``pace`` in [0, 1] selects the speed."""

    ground: np.ndarray
    shapes: tuple[Shape, ...]
    pace: float


def opposite(label: int) -> int:
    """The class that this class becomes when its clips are played backwards."""
    return label ^ 1


def class_index(label: int | str) -> int:
    """The class number for a number or a name; a ``ValueError`` if there is no such class."""
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
    """Draw a scene from ``rng`` and move it according to ``label``.

    Args:
        label: Class number or name, see ``CLASS_NAMES``.
        rng: Source of everything random; the draws do not depend on the label.
        size: Side of square frames, or ``(H, W)``, in pixels.
        frames: Number of frames ``T``.
        difficulty: ``'easy'`` (bright shapes on a darker ground), ``'hard'`` (random
            polarity and textures), ``'crowd'`` (many fast shapes of random polarity), or a
            :class:`Style`.

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
    """Draw background, shapes and pace."""
    ground_light, shape_lights = _draw_lights(rng, style)
    ground = draw_paint(rng, ground_light, height, width, style.textured)
    shapes = tuple(draw_shape(rng, height, width, light, style.textured) for light in shape_lights)
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


def _draw_lights(rng: np.random.Generator, style: Style) -> tuple[float, list[float]]:
    """Mean brightness of the background and of each shape, at least 70 of 255 apart."""
    count = int(rng.integers(style.num_shapes[0], style.num_shapes[1] + 1))
    if not style.random_polarity:
        return rng.uniform(20, 80), list(rng.uniform(160, 235, count))
    ground = rng.uniform(90, 165)
    signs = rng.choice([-1, 1], count)
    return ground, list(ground + signs * rng.uniform(70, 85, count))


def between(bounds: tuple[float, float], fraction: float) -> float:
    """The point at ``fraction`` of the way from the first bound to the second."""
    return bounds[0] + (bounds[1] - bounds[0]) * fraction
