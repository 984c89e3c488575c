"""Videos of several actors, each with its own motion class: detection without real data.

An actor is a textured shape of `mmvideomae.synthetic.motion` on a textured background.  There is
a key frame at every whole second; in the frames around it each actor makes one stroke: it moves
through its pose in the key frame according to its class, at a constant speed, and then returns
to begin the next.  Therefore

* a single key frame does not reveal the classes: its poses are drawn independently of the labels,
  and other labels change all frames except the key frames;
* a stroke played backwards is a stroke of the opposite class around the same key frame;
* during a clip around a key frame, an actor stays near its box in the key frame and completely
  inside the picture.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from mmvideomae.synthetic.motion import MOTIONS, Scene, Style, between, draw_scene
from mmvideomae.synthetic.motion_dataset import check_counts, check_frames
from mmvideomae.synthetic.shapes import paint_shape, shape_box

SPLITS = ('train', 'val')
# Bodies of about 30 pixels out of 96 that move by about a pixel per frame.
STYLE = Style(
    random_polarity=True,
    textured=True,
    num_shapes=(2, 3),
    radius=(0.14, 0.18),
    speed=(0.008, 0.014),
    turn=(3.0, 6.0),
    growth=(0.01, 0.02),
)

_TRIES = 10_000  # attempts to find places for the actors
_EDGE = 2  # pixels, what anti-aliasing adds around a shape


@dataclass(frozen=True)
class PeopleSettings:
    """The settings that define a folder of videos of people.

    Args:
        videos: Number of videos in each split, with keys from ``SPLITS``.
        clips: Number of clips of one actor each in each split, to train a classifier.
        classes: Number of classes, the first of ``CLASS_NAMES``.
        size: Height and width of the frames in pixels, even as H.264 requires.
        fps: Frames per second; the speed of motions is per frame.
        seconds: Least and greatest length of a video, in whole seconds.
        act_seconds: Least and greatest number of key frames over which the actors of a video
            keep their places and classes.
        reach: A stroke begins this many frames before a key frame and ends as many after it.
        crop: Side in pixels of the square that a clip shows around its actor.
        clip_actors: Least and greatest number of actors in the scene of a clip, which shows one
            and possibly parts of others; None: as many as in videos.
        style: Appearance of scenes, number of actors and speed.
        seed: Videos and clips depend only on seed, split and their number.
    """

    videos: dict[str, int]
    clips: dict[str, int] = field(default_factory=dict)
    classes: int = 4
    size: tuple[int, int] = (96, 128)
    fps: float = 20.0
    seconds: tuple[int, int] = (10, 20)
    act_seconds: tuple[int, int] = (2, 4)
    reach: int = 8
    crop: int = 48
    clip_actors: tuple[int, int] | None = None
    style: Style = STYLE
    seed: int = 0

    def __post_init__(self) -> None:
        check_counts(self.videos, SPLITS, 'videos')
        if self.clips:
            check_counts({'': 1, **self.clips}, ('', *SPLITS), 'clips')
        check_frames(self.classes, self.size, self.fps, self.seed)
        if not 2 <= self.seconds[0] <= self.seconds[1]:
            raise ValueError(f'seconds {self.seconds} must be a range from 2 upwards')
        if not 1 <= self.act_seconds[0] <= self.act_seconds[1]:
            raise ValueError(f'act_seconds {self.act_seconds} must be a range from 1 upwards')
        if self.reach < 1 or 2 * self.reach >= self.fps:
            raise ValueError(
                f'a stroke of {self.reach} frames on either side of every key frame does not fit '
                f'into {self.fps:g} frames per second'
            )
        if self.crop % 2 or not 16 <= self.crop <= min(self.size):
            raise ValueError(
                f'crop {self.crop} must be even, at least 16 and at most {min(self.size)} pixels'
            )


@dataclass(frozen=True)
class Plan:
    """Everything about a video of ``K`` key frames and ``N`` actors.

    Attributes:
        frames: Number of frames.
        keys: Key frames ``(K,)``.
        scene: Background and actors; ``poses`` has their positions.
        paces: Position of each actor's speed in its range ``(N,)``, in [0, 1].
        poses: Centre in pixels and angle of every actor in every key frame ``(K, N, 3)``.
        labels: Class of every actor's stroke through every key frame ``(K, N)``.
    """

    frames: int
    keys: np.ndarray
    scene: Scene
    paces: np.ndarray
    poses: np.ndarray
    labels: np.ndarray


def plan_people(split: str, number: int, settings: PeopleSettings) -> Plan:
    """Draw the video ``number`` of a split."""
    rng = np.random.default_rng((settings.seed, SPLITS.index(split), number))
    seconds = int(rng.integers(settings.seconds[0], settings.seconds[1] + 1))
    keys = np.rint(np.arange(1, seconds) * settings.fps).astype(int)
    return _draw_plan(rng, round(seconds * settings.fps), keys, settings)


def plan_clip(split: str, number: int, settings: PeopleSettings) -> Plan:
    """Draw one stroke of the actors of a video that is in no split.

    The clip shows the first actor, whose label is ``number`` modulo the number of classes.
    """
    rng = np.random.default_rng((settings.seed, len(SPLITS) + SPLITS.index(split), number))
    if settings.clip_actors is not None:
        style = replace(settings.style, num_shapes=settings.clip_actors)
        settings = replace(settings, style=style)
    key = np.array([settings.reach])
    plan = _draw_plan(rng, 2 * settings.reach + 1, key, settings)
    plan.labels[0, 0] = number % settings.classes
    return plan


def render(plan: Plan, settings: PeopleSettings) -> np.ndarray:
    """The frames ``(T, H, W, 3)`` uint8 of a video."""
    canvas = np.repeat(plan.scene.ground[None], plan.frames, axis=0)
    for actor in range(len(plan.paces)):
        _paint_actor(canvas, plan, actor, settings)
    return np.clip(canvas + 0.5, 0, 255).astype(np.uint8)


def render_crop(plan: Plan, settings: PeopleSettings) -> np.ndarray:
    """The frames ``(T, crop, crop, 3)`` uint8 around the box of the first actor."""
    height, width = settings.size
    x1, y1, x2, y2 = boxes_of(plan, settings)[0, 0] * (width, height, width, height)
    left, top = (
        int(np.clip(round((low + high - settings.crop) / 2), 0, side - settings.crop))
        for low, high, side in ((x1, x2, width), (y1, y2, height))
    )
    frames = render(plan, settings)
    return frames[:, top : top + settings.crop, left : left + settings.crop]


def boxes_of(plan: Plan, settings: PeopleSettings) -> np.ndarray:
    """Tight boxes of the actors in the key frames: ``(K, N, 4)`` relative to the frame."""
    height, width = settings.size
    boxes = [
        [
            shape_box(shape, x, y, angle, _radius(plan.scene, actor, settings))
            for actor, (shape, (x, y, angle)) in enumerate(
                zip(plan.scene.shapes, poses, strict=True)
            )
        ]
        for poses in plan.poses
    ]
    return np.array(boxes) / (width, height, width, height)


def _draw_plan(
    rng: np.random.Generator, frames: int, keys: np.ndarray, settings: PeopleSettings
) -> Plan:
    scene = draw_scene(rng, *settings.size, settings.style)
    count = len(scene.shapes)
    plan = Plan(
        frames,
        keys,
        scene,
        paces=rng.uniform(0, 1, count),
        poses=np.zeros((len(keys), count, 3)),
        labels=np.zeros((len(keys), count), int),
    )
    start, low, high = 0, *settings.act_seconds
    while start < len(keys):
        end = start + int(rng.integers(low, high + 1))
        plan.poses[start:end, :, :2] = _draw_places(rng, plan, settings)
        plan.poses[start:end, :, 2] = rng.uniform(0, 2 * math.pi, count)
        plan.labels[start:end] = rng.integers(0, settings.classes, count)
        start = end
    return plan


def _draw_places(rng: np.random.Generator, plan: Plan, settings: PeopleSettings) -> np.ndarray:
    """Separate centres ``(N, 2)`` from which every stroke stays inside the frame."""
    height, width = settings.size
    radii = np.array([_radius(plan.scene, n, settings) for n in range(len(plan.paces))])
    motions = MOTIONS[: settings.classes]
    growth = settings.style.growth[1] * any(motion.growth for motion in motions)
    speed = settings.style.speed[1] * min(height, width)
    room = (radii * math.exp(growth * settings.reach) + speed * settings.reach + 1)[:, None]
    if 2 * room.max() > min(height, width) - 1:
        raise ValueError(
            f'strokes of {2 * room.max():.0f} pixels do not fit into {height}x{width}: use smaller '
            f'or slower actors, or larger frames'
        )
    apart = radii[:, None] + radii
    np.fill_diagonal(apart, 0)
    for _ in range(_TRIES):
        places = rng.uniform(room, (width - 1, height - 1) - room)
        distances = np.linalg.norm(places[:, None] - places, axis=2)
        if (distances >= apart).all():
            return places
    raise ValueError(
        f'{len(radii)} actors of {2 * radii.max():.0f} pixels do not fit side by side into '
        f'{height}x{width}'
    )


def _radius(scene: Scene, actor: int, settings: PeopleSettings) -> float:
    """The radius of an actor in key frames, in pixels."""
    small, large = (bound * min(settings.size) for bound in settings.style.radius)
    return small * (large / small) ** scene.shapes[actor].phase


def _paint_actor(canvas: np.ndarray, plan: Plan, actor: int, settings: PeopleSettings) -> None:
    shape, radius = plan.scene.shapes[actor], _radius(plan.scene, actor, settings)
    x, y, angle, growth = _track(plan, actor, settings).astype(np.float32)
    radius = radius * np.exp(growth)
    # One second at a time, and only the part of the picture through which the actor moves.
    span = math.ceil(settings.fps)
    for start in range(0, len(canvas), span):
        part = slice(start, start + span)
        reach = radius[part].max() + _EDGE
        left, top = (max(0, math.floor(at[part].min() - reach)) for at in (x, y))
        right, bottom = (math.ceil(at[part].max() + reach) + 1 for at in (x, y))
        paint_shape(
            canvas[part, top:bottom, left:right],
            shape,
            x[part] - left,
            y[part] - top,
            angle[part],
            radius[part],
        )


def _track(plan: Plan, actor: int, settings: PeopleSettings) -> np.ndarray:
    """x, y, angle and growth (logarithm of the relative radius) in every frame ``(4, T)``."""
    style, pace = settings.style, plan.paces[actor]
    speed = between(style.speed, pace) * min(settings.size)
    turn = math.radians(between(style.turn, pace))
    growth = between(style.growth, pace)
    steps = np.array(
        [
            (*np.multiply(motion.direction, speed), motion.turn * turn, motion.growth * growth)
            for motion in (MOTIONS[label] for label in plan.labels[:, actor])
        ]
    )  # (K, 4) per frame
    middle = np.pad(plan.poses[:, actor], ((0, 0), (0, 1)))
    # Between the end of a stroke and the start of the next, the path is straight.
    knots = np.stack([plan.keys - settings.reach, plan.keys + settings.reach], axis=1).ravel()
    values = np.stack([middle - steps * settings.reach, middle + steps * settings.reach], axis=1)
    frames = np.arange(plan.frames)
    return np.array([np.interp(frames, knots, column) for column in values.reshape(-1, 4).T])
