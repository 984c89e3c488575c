"""A folder of motion clips: H.264 files, split lists, class names and the settings."""

import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from mmvideomae.synthetic.motion import CLASS_NAMES, Style, render_clip, style_of
from mmvideomae.synthetic.videos import write_video

Item = TypeVar('Item')

SPLITS = ('train', 'val', 'test', 'unlabelled')
SETTINGS_FILE = 'dataset.json'
UNFINISHED_FILE = 'dataset.unfinished.json'


@dataclass(frozen=True)
class ActionsSettings:
    """Everything that a folder of motion clips is a function of.

    Args:
        clips: Number of clips of each split, keys out of ``SPLITS``; every split is
            balanced over the classes (up to one clip where the count does not divide).
        classes: The first so many of ``CLASS_NAMES``.
        size: Height and width of the frames in pixels, even as H.264 wants them.
        frames: Frames per clip.
        fps: Frames per second.
        style: How scenes look and how fast they move.
        seed: A clip depends on seed, split and its number only, so that a larger
            dataset of the same seed starts with the smaller one's clips.
    """

    clips: dict[str, int]
    classes: int = 8
    size: tuple[int, int] = (64, 64)
    frames: int = 40
    fps: float = 25.0
    style: Style = field(default_factory=partial(style_of, 'easy'))
    seed: int = 0

    def __post_init__(self) -> None:
        check_counts(self.clips, SPLITS, 'clips')
        check_frames(self.classes, self.size, self.fps, self.seed)
        if self.frames < 2:
            raise ValueError(f'frames {self.frames} must be >= 2')


def check_counts(counts: dict[str, int], splits: Sequence[str], what: str) -> None:
    """``ValueError`` unless ``counts`` are numbers of clips or videos of some of the splits."""
    if unknown := set(counts) - set(splits):
        raise ValueError(f'no split {sorted(unknown)}: the splits are {tuple(splits)}')
    if min(counts.values(), default=0) < 0 or not sum(counts.values()):
        raise ValueError(f'no {what} to make: {counts}')


def check_frames(classes: int, size: tuple[int, int], fps: float, seed: int) -> None:
    """``ValueError`` unless videos of so many classes can be drawn and written."""
    if not 1 <= classes <= len(CLASS_NAMES):
        raise ValueError(f'{classes} classes asked for: there are {len(CLASS_NAMES)}')
    if any(side < 16 or side % 2 for side in size):
        raise ValueError(f'frame size {size} must be even and at least 16 pixels')
    if fps <= 0 or seed < 0:
        raise ValueError(f'fps {fps} must be > 0, seed {seed} >= 0')


@dataclass(frozen=True)
class MotionClip:
    """One file to make; ``path`` is relative to the dataset's folder."""

    split: str
    number: int
    label: int

    @property
    def path(self) -> str:
        # An unlabelled clip's name must not tell its class.
        name = '' if self.split == 'unlabelled' else f'{CLASS_NAMES[self.label]}_'
        return f'videos/{self.split}/{name}{self.number:05d}.mp4'


def list_clips(settings: ActionsSettings) -> list[MotionClip]:
    """Every clip of the dataset, split by split; labels take turns."""
    return [
        MotionClip(split, number, number % settings.classes)
        for split in SPLITS
        for number in range(settings.clips.get(split, 0))
    ]


def make_clip(clip: MotionClip, settings: ActionsSettings) -> np.ndarray:
    """The frames ``(T, H, W, 3)`` uint8 of one clip."""
    rng = np.random.default_rng((settings.seed, SPLITS.index(clip.split), clip.number))
    return render_clip(clip.label, rng, settings.size, settings.frames, settings.style)


def write_actions(
    out: Path,
    settings: ActionsSettings,
    workers: int = 1,
) -> Iterator[MotionClip]:
    """Write the dataset into ``out``, yielding each clip when it is written.

    ``train.csv``, ``val.csv``, ``test.csv`` hold ``path label`` lines; ``unlabelled.csv``
    the unlabelled clips' paths; ``pretrain.csv`` the paths of everything that one may
    pre-train on (train and unlabelled).  A list that would be empty is not written.
    The settings stand in ``dataset.unfinished.json`` until all is written, and then in
    ``dataset.json``.
    """
    clips = list_clips(settings)
    for split in {clip.split for clip in clips}:
        (out / 'videos' / split).mkdir(parents=True, exist_ok=True)
    (out / SETTINGS_FILE).unlink(missing_ok=True)
    (out / UNFINISHED_FILE).write_text(settings_text(settings))
    yield from run_tasks(partial(_write_clip, out=out, settings=settings), clips, workers)
    _write_lists(out, clips)
    (out / 'classes.txt').write_text(''.join(f'{n}\n' for n in CLASS_NAMES[: settings.classes]))
    (out / UNFINISHED_FILE).replace(out / SETTINGS_FILE)


def prepare_folder(out: Path, wanted: str, overwrite: bool, folders: Sequence[str]) -> bool:
    """Whether there is something to write: false where the same data stands whole.

    Begun data of the same settings is begun again; other data (of files in ``folders``) is
    refused, and removed only with ``overwrite``.
    """
    whole, begun = out / SETTINGS_FILE, out / UNFINISHED_FILE
    found = next((file.read_text() for file in (whole, begun) if file.is_file()), None)
    if not overwrite and found == wanted and whole.is_file():
        return False
    standing = [out / name for name in folders if (out / name).exists()]
    if not overwrite and found != wanted and (found is not None or standing):
        raise ValueError(f'{out} holds other data: choose another folder, or --overwrite')
    for folder in standing:
        shutil.rmtree(folder)
    return True


def settings_text(settings: ActionsSettings) -> str:
    """The settings as the JSON text of ``dataset.json``."""
    named = replace(settings, clips={split: settings.clips.get(split, 0) for split in SPLITS})
    return json.dumps({'kind': 'actions', **asdict(named)}, indent=2) + '\n'


def _write_clip(clip: MotionClip, out: Path, settings: ActionsSettings) -> MotionClip:
    cv2.setNumThreads(1)  # one clip is too small to share; the processes share the cores
    write_frames(out / clip.path, make_clip(clip, settings), settings.fps)
    return clip


def write_frames(path: Path, frames: np.ndarray, fps: float) -> None:
    """Write small frames (T, H, W, 3) uint8 as H.264; the same frames give the same bytes."""
    # With its macroblock tree x264 codes one small clip in several ways from call to call.
    write_video(path, frames, fps=fps, options={'mbtree': '0'})


def run_tasks(task: Callable[[Item], Item], items: Sequence[Item], workers: int) -> Iterator[Item]:
    """Call ``task`` on every item, in this process or in ``workers`` of them."""
    if workers <= 1:
        yield from map(task, items)
        return
    # Forked workers start at once; spawned ones would import torch again first.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context('fork' if 'fork' in methods else None)
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(task, items, chunksize=8 if len(items) > 64 else 1)


def _write_lists(out: Path, clips: list[MotionClip]) -> None:
    lists: dict[str, list[str]] = {f'{split}.csv': [] for split in (*SPLITS, 'pretrain')}
    for clip in clips:
        labelled = clip.split != 'unlabelled'
        line = f'{clip.path} {clip.label}' if labelled else clip.path
        lists[f'{clip.split}.csv'].append(line)
        if clip.split in ('train', 'unlabelled'):
            lists['pretrain.csv'].append(clip.path)
    for name, lines in lists.items():
        (out / name).unlink(missing_ok=True)
        if lines:
            (out / name).write_text(''.join(f'{line}\n' for line in lines))
