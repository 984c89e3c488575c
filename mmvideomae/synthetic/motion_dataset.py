"""Write a folder of motion clips: H.264 files, split lists, class names and settings."""

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
    """The settings that define a folder of motion clips.

    Args:
        clips: Number of clips in each split, with keys from ``SPLITS``; every split is
            balanced over the classes (up to one clip if the count is not divisible).
        classes: Number of classes, the first of ``CLASS_NAMES``.
        size: Height and width of the frames in pixels, even as H.264 requires.
        frames: Frames per clip.
        fps: Frames per second.
        style: Appearance and speed of scenes.
        seed: A clip depends only on seed, split and its number, so a larger data set with
            the same seed starts with the clips of a smaller one.
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
    """Raise a ``ValueError`` unless ``counts`` are numbers of clips or videos in known splits."""
    if unknown := set(counts) - set(splits):
        raise ValueError(f'no split {sorted(unknown)}: the splits are {tuple(splits)}')
    if min(counts.values(), default=0) < 0 or not sum(counts.values()):
        raise ValueError(f'no {what} to make: {counts}')


def check_frames(classes: int, size: tuple[int, int], fps: float, seed: int) -> None:
    """Raise a ``ValueError`` unless videos with these settings can be drawn and written."""
    if not 1 <= classes <= len(CLASS_NAMES):
        raise ValueError(f'classes must be 1 to {len(CLASS_NAMES)}, got {classes}')
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
        # An unlabelled clip's name must not reveal its class.
        name = '' if self.split == 'unlabelled' else f'{CLASS_NAMES[self.label]}_'
        return f'videos/{self.split}/{name}{self.number:05d}.mp4'


def list_clips(settings: ActionsSettings) -> list[MotionClip]:
    """Every clip of the data set, split by split, with alternating labels."""
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
    """Write the data set to ``out``, yielding each clip when it is written.

    ``train.csv``, ``val.csv``, ``test.csv`` have lines ``path label``; ``unlabelled.csv``
    has the paths of unlabelled clips; ``pretrain.csv`` those of all clips for
    pre-training (train and unlabelled).  An empty list is not written.
    The settings are in ``dataset.unfinished.json`` until everything is written, then in
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
    """Whether there is something to write: False if the same data is already complete.

    Unfinished data with the same settings is written again.  Anything else in the folder is an
    error; with ``overwrite``, ``folders`` are removed, and files of the same names replaced.
    """
    whole, begun = out / SETTINGS_FILE, out / UNFINISHED_FILE
    found = next((file.read_text() for file in (whole, begun) if file.is_file()), None)
    if not overwrite and found == wanted and whole.is_file():
        return False
    standing = [out / name for name in folders if (out / name).exists()]
    filled = out.is_dir() and any(out.iterdir())
    if not overwrite and found != wanted and filled:
        raise ValueError(f'{out} holds other data: choose another folder, or use --overwrite')
    for folder in standing:
        shutil.rmtree(folder)
    return True


def settings_text(settings: ActionsSettings) -> str:
    """The settings as the JSON text of ``dataset.json``."""
    named = replace(settings, clips={split: settings.clips.get(split, 0) for split in SPLITS})
    return json.dumps({'kind': 'actions', **asdict(named)}, indent=2) + '\n'


def _write_clip(clip: MotionClip, out: Path, settings: ActionsSettings) -> MotionClip:
    cv2.setNumThreads(1)  # a clip is too small for threads, and the processes use all cores
    write_frames(out / clip.path, make_clip(clip, settings), settings.fps)
    return clip


def write_frames(path: Path, frames: np.ndarray, fps: float) -> None:
    """Write small frames (T, H, W, 3) uint8 as H.264; equal frames give equal bytes."""
    # With its macroblock tree, x264 may encode the same small clip differently in each call.
    write_video(path, frames, fps=fps, options={'mbtree': '0'})


def run_tasks(task: Callable[[Item], Item], items: Sequence[Item], workers: int) -> Iterator[Item]:
    """Call ``task`` on every item, in this process or in ``workers`` processes."""
    if workers <= 1:
        yield from map(task, items)
        return
    # Forked workers start immediately; spawned ones would import torch again.
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
