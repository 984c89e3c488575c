"""Untrimmed videos with motion segments on a still background: localization without real data.

A video is one scene of `mmvideomae.synthetic.motion`.  Its shapes are still, and from time to
time they move from their current places for some seconds according to one of the classes.  So a
single frame reveals neither the class nor whether anything happens: only motion does.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmvideomae.synthetic.motion import (
    CLASS_NAMES,
    MOTIONS,
    Motion,
    Scene,
    Style,
    advance,
    draw_scene,
    render_scene,
    style_of,
)
from mmvideomae.synthetic.motion_dataset import (
    SETTINGS_FILE,
    UNFINISHED_FILE,
    check_counts,
    check_frames,
    run_tasks,
    write_frames,
)

SUBSETS = {'train': 'training', 'val': 'validation'}
ANNOTATION_FILE = 'annotation.json'
_IDLE = Motion('idle')


@dataclass(frozen=True)
class UntrimmedSettings:
    """The settings that define a folder of untrimmed videos; pairs are ranges.

    Args:
        videos: Number of videos in each split, with keys from ``SUBSETS``.
        classes: Number of classes, the first of ``CLASS_NAMES``.
        size: Height and width of the frames in pixels, even as H.264 requires.
        fps: Frames per second; the speed of motions is per frame.
        seconds: Length of a video.
        segment_seconds: Length of a motion.
        gap_seconds: Stillness before, between and after motions.
        style: Appearance and speed of scenes.
        seed: A video depends only on seed, split and its number.
    """

    videos: dict[str, int]
    classes: int = 4
    size: tuple[int, int] = (40, 40)
    fps: float = 10.0
    seconds: tuple[float, float] = (20.0, 60.0)
    segment_seconds: tuple[float, float] = (2.0, 6.0)
    gap_seconds: tuple[float, float] = (1.0, 5.0)
    style: Style = field(default_factory=partial(style_of, 'easy'))
    seed: int = 0

    def __post_init__(self) -> None:
        check_counts(self.videos, tuple(SUBSETS), 'videos')
        check_frames(self.classes, self.size, self.fps, self.seed)
        for name in ('seconds', 'segment_seconds', 'gap_seconds'):
            low, high = getattr(self, name)
            if not 1 / self.fps <= low <= high:
                raise ValueError(f'{name} {low} to {high} must be a range of at least one frame')
        if self.segment_seconds[1] + 2 * self.gap_seconds[1] > self.seconds[0]:
            raise ValueError(
                f'the longest motion ({self.segment_seconds[1]} s) and the stillness around it '
                f'({self.gap_seconds[1]} s each) do not fit into {self.seconds[0]} s: '
                'lengthen seconds, or shorten segment_seconds or gap_seconds'
            )


@dataclass(frozen=True)
class Stretch:
    """Frames ``start`` to ``end`` (exclusive) in which shapes move according to ``label``."""

    start: int
    end: int
    label: int


@dataclass(frozen=True)
class UntrimmedVideo:
    """One video to make."""

    video_id: str
    split: str
    number: int


def list_videos(settings: UntrimmedSettings) -> list[UntrimmedVideo]:
    """Every video of the data set, split by split."""
    return [
        UntrimmedVideo(f'{split}_{number:04d}', split, number)
        for split in SUBSETS
        for number in range(settings.videos.get(split, 0))
    ]


def plan_untrimmed(
    video: UntrimmedVideo, settings: UntrimmedSettings
) -> tuple[int, list[Stretch], np.random.Generator]:
    """Number of frames, the motions in them, and the generator that draws the rest."""
    rng = np.random.default_rng((settings.seed, list(SUBSETS).index(video.split), video.number))
    total = _frames(rng, settings.seconds, settings.fps)
    labels = rng.permutation(settings.classes)  # even a short video has several classes
    stretches: list[Stretch] = []
    at = _frames(rng, settings.gap_seconds, settings.fps)
    while True:
        end = at + _frames(rng, settings.segment_seconds, settings.fps)
        gap = _frames(rng, settings.gap_seconds, settings.fps)
        if end + round(settings.gap_seconds[0] * settings.fps) > total:
            return total, stretches, rng
        stretches.append(Stretch(at, end, int(labels[len(stretches) % len(labels)])))
        at = end + gap
        if len(stretches) % len(labels) == 0:
            labels = rng.permutation(settings.classes)


def render_video(
    video: UntrimmedVideo, settings: UntrimmedSettings
) -> tuple[np.ndarray, list[Stretch]]:
    """Frames (T, H, W, 3) uint8 and the motions in them."""
    total, stretches, rng = plan_untrimmed(video, settings)
    scene = draw_scene(rng, *settings.size, settings.style)
    parts, at = [], 0
    for stretch in stretches:
        parts.append(_still(scene, stretch.start - at, settings.style))
        scene, at = replace(scene, pace=rng.uniform(0, 1)), stretch.end
        motion, length = MOTIONS[stretch.label], stretch.end - stretch.start
        parts.append(render_scene(scene, motion, length, settings.style))
        scene = _moved(scene, motion, length, settings.style)
    parts.append(_still(scene, total - at, settings.style))
    return np.concatenate(parts), stretches


def write_untrimmed(
    out: Path, settings: UntrimmedSettings, workers: int = 1
) -> Iterator[UntrimmedVideo]:
    """Write the data set to ``out``, yielding each video when it is written.

    ``videos/ID.mp4``; ``annotation.json`` in ActivityNet's format, with the subsets
    ``training`` and ``validation``; ``classes.txt``; ``train.csv`` and ``val.csv``, lists
    ``path start total label`` of the motions only, to fine-tune a classifier.  The settings
    are in ``dataset.unfinished.json`` until everything is written, then in ``dataset.json``.
    """
    videos = list_videos(settings)
    (out / 'videos').mkdir(parents=True, exist_ok=True)
    (out / SETTINGS_FILE).unlink(missing_ok=True)
    (out / UNFINISHED_FILE).write_text(settings_text(settings))
    yield from run_tasks(partial(_write_video, out=out, settings=settings), videos, workers)
    content = annotation_of(videos, settings)
    (out / ANNOTATION_FILE).write_text(json.dumps(content, indent=1) + '\n')
    (out / 'classes.txt').write_text(''.join(f'{n}\n' for n in CLASS_NAMES[: settings.classes]))
    _write_lists(out, videos, settings)
    (out / UNFINISHED_FILE).replace(out / SETTINGS_FILE)


def annotation_of(videos: list[UntrimmedVideo], settings: UntrimmedSettings) -> dict[str, Any]:
    """The annotation in ActivityNet's format."""
    database = {}
    for video in videos:
        total, stretches, _ = plan_untrimmed(video, settings)
        database[video.video_id] = {
            'subset': SUBSETS[video.split],
            'duration': total / settings.fps,
            'fps': settings.fps,
            'annotations': [
                {
                    'segment': [each.start / settings.fps, each.end / settings.fps],
                    'label': CLASS_NAMES[each.label],
                }
                for each in stretches
            ],
        }
    return {'version': 'synthetic', 'database': database}


def settings_text(settings: UntrimmedSettings) -> str:
    """The settings as the JSON text of ``dataset.json``."""
    named = replace(settings, videos={split: settings.videos.get(split, 0) for split in SUBSETS})
    return json.dumps({'kind': 'untrimmed', **asdict(named)}, indent=2) + '\n'


def _write_video(video: UntrimmedVideo, out: Path, settings: UntrimmedSettings) -> UntrimmedVideo:
    cv2.setNumThreads(1)  # the processes use all cores
    frames, _ = render_video(video, settings)
    write_frames(out / 'videos' / f'{video.video_id}.mp4', frames, settings.fps)
    return video


def _write_lists(out: Path, videos: list[UntrimmedVideo], settings: UntrimmedSettings) -> None:
    for split in SUBSETS:
        lines = [
            f'videos/{video.video_id}.mp4 {each.start} {each.end - each.start} {each.label}\n'
            for video in videos
            if video.split == split
            for each in plan_untrimmed(video, settings)[1]
        ]
        (out / f'{split}.csv').unlink(missing_ok=True)
        if lines:
            (out / f'{split}.csv').write_text(''.join(lines))


def _still(scene: Scene, frames: int, style: Style) -> np.ndarray:
    return np.repeat(render_scene(scene, _IDLE, 1, style), frames, axis=0)


def _moved(scene: Scene, motion: Motion, frames: int, style: Style) -> Scene:
    """The scene after a motion."""
    poses = advance(scene, motion, frames - 1, style)
    shapes = tuple(
        replace(shape, x=x, y=y, angle=angle, phase=phase)
        for shape, (x, y, angle, phase) in zip(scene.shapes, poses, strict=True)
    )
    return replace(scene, shapes=shapes)


def _frames(rng: np.random.Generator, seconds: tuple[float, float], fps: float) -> int:
    return max(1, round(rng.uniform(*seconds) * fps))
