"""Two timed ways to make a pre-training sample: ours and that of the released code."""

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
import torch
from PIL import Image

from mmvideomae.analysis.measurement import wall_and_cpu
from mmvideomae.datasets import VideoListDataset
from mmvideomae.datasets.transforms.loading import OpenVideo
from mmvideomae.masking import RunningCellMask, TubeMask
from mmvideomae.registry import TRANSFORMS
from mmvideomae.video.readers import FileKey, GuardedReader, VideoReader

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
GRID = (8, 14, 14)
ENCODER: dict[str, Any] = {'type': 'TubeMask', 'ratio': 0.9}
FRAME_NAME = 'img_{:05}.jpg'
"""Names of files in a folder of frames."""
DECODER: dict[str, Any] = {'type': 'RunningCellMask', 'ratio': 0.5}


@dataclass
class StageClock:
    """Wall and processor seconds of each stage, one row per sample."""

    rows: list[dict[str, tuple[float, float]]] = field(default_factory=list)

    def start_sample(self) -> None:
        """Begin a row."""
        self.rows.append({})

    def timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """``call`` with its time added to the stage of the current row."""

        def run(*args: Any) -> Any:
            result, wall, cpu = wall_and_cpu(lambda: call(*args))
            before = self.rows[-1].get(stage, (0.0, 0.0))
            self.rows[-1][stage] = (before[0] + wall, before[1] + cpu)
            return result

        return run

    def medians(self, stage: str) -> tuple[float, float]:
        """Median wall and processor time of one stage."""
        times = [row.get(stage, (0.0, 0.0)) for row in self.rows]
        return median(wall for wall, _ in times), median(cpu for _, cpu in times)


class _OpenAsWorkers(OpenVideo):
    """Has a process read, as workers of a loader do."""

    def _open(
        self, path: str, opening: Callable[[], VideoReader], key: FileKey | None = None
    ) -> VideoReader:
        return GuardedReader(path, opening, self.deadline or 30.0, key, self.index_folder)


class Ours:
    """`VideoListDataset` with the transforms of the configs, each on the clock.

    Args:
        place: A video file, a member of a tar file or a folder of frames, see `FRAME_NAME`.
    """

    def __init__(self, place: str, args: argparse.Namespace, repeats: int) -> None:
        self.clock = StageClock()
        self._first_frame = 0
        masks = {'type': 'GenerateMasks', 'grid_size': GRID, 'encoder': ENCODER, 'decoder': DECODER}
        crop = self._timed('crop', type='ClipMultiScaleCrop', size=args.size)
        mask = self._timed('mask', **masks)
        stages = [
            self.clock.timed('open', _OpenAsWorkers(args.backend)),
            self._timed('open', type='SampleClip', clip_len=args.clip_len, stride=args.stride),
            self._move_clip,
            self._timed('read', type='ReadFrames'),
            TRANSFORMS.build(
                dict(type='RepeatAugment', num_repeats=repeats, transforms=[crop, mask])
            ),
            self._timed('pack', type='PackClips'),
        ]
        # The file may lie anywhere: its folder may hold others, so that a list names it.
        with tempfile.NamedTemporaryFile('w', suffix='.txt') as listed:
            listed.write(f'"{place}"\n')
            listed.flush()
            frames = {'filename_tmpl': FRAME_NAME} if os.path.isdir(place) else {}
            source = {'ann_file': listed.name, **frames}
            self._dataset = VideoListDataset([source], pipeline=stages)
        self._seed = args.seed
        self._make = self.clock.timed('total', self._dataset.__getitem__)

    def _timed(self, stage: str, **config: Any) -> Callable[..., Any]:
        return self.clock.timed(stage, TRANSFORMS.build(config))

    def _move_clip(self, results: dict[str, Any]) -> dict[str, Any]:
        """Move the sampled clip to the planned place, so that both ways read the same frames."""
        results['frame_inds'] += self._first_frame - results['frame_inds'][0]
        return results

    def sample(self, number: int, first_frame: int) -> dict[str, Any]:
        """Make sample ``number`` from the clip that begins at ``first_frame``."""
        self._first_frame = first_frame
        self._dataset.set_epoch(self._seed, number)
        self.clock.start_sample()
        return self._make(0)


class Reference:
    """The way of the released code: decord, PIL and float32 in the worker."""

    def __init__(self, video: str, args: argparse.Namespace, repeats: int) -> None:
        self.clock = StageClock()
        self._video, self._repeats, self._size = video, repeats, args.size
        self._span = np.arange(args.clip_len) * args.stride
        self._generators = [
            TubeMask(GRID, ENCODER['ratio']),
            RunningCellMask(GRID, DECODER['ratio']),
        ]
        # Sizes and places are drawn by the same rule, whose cost is negligible.
        self._rule = TRANSFORMS.build(dict(type='ClipMultiScaleCrop', size=args.size))
        self._open = self.clock.timed('open', open_with_decord)
        self._read = self.clock.timed('read', read_as_pil)
        self._crop = self.clock.timed('crop', self._crop_and_resize)
        self._mask = self.clock.timed('mask', self._draw_masks)
        self._pack = self.clock.timed('pack', stack_and_normalise)
        self._make = self.clock.timed('total', self._sample)

    def sample(self, number: int, first_frame: int) -> list[tuple[torch.Tensor, list[np.ndarray]]]:
        """Make sample ``number`` from the clip that begins at ``first_frame``."""
        self.clock.start_sample()
        return self._make(number, first_frame)

    def _sample(self, number: int, first_frame: int) -> list[tuple[torch.Tensor, list[np.ndarray]]]:
        np.random.seed(number)
        rng = np.random.default_rng(number)
        images = self._read(self._open(self._video), first_frame + self._span)
        return [(self._pack(self._crop(images)), self._mask(rng)) for _ in range(self._repeats)]

    def _crop_and_resize(self, images: list[Image.Image]) -> list[Image.Image]:
        left, top, width, height = self._rule.draw(images[0].height, images[0].width)
        box = (left, top, left + width, top + height)
        side = (self._size, self._size)
        crops = [image.crop(box) for image in images]
        return [crop.resize(side, Image.Resampling.BILINEAR) for crop in crops]

    def _draw_masks(self, rng: np.random.Generator) -> list[np.ndarray]:
        return [generator(rng) for generator in self._generators]


def open_with_decord(video: str) -> Any:
    """A decord reader with one thread and otherwise default settings."""
    import decord

    return decord.VideoReader(video, num_threads=1)


def read_as_pil(reader: Any, frames: Sequence[int]) -> list[Image.Image]:
    """The frames as PIL images."""
    return [Image.fromarray(frame).convert('RGB') for frame in reader.get_batch(frames).asnumpy()]


def stack_and_normalise(images: list[Image.Image]) -> torch.Tensor:
    """PIL images -> float32 (3, T, H, W), by channel mean and deviation."""
    stacked = np.concatenate([np.asarray(image) for image in images], axis=2)
    clip = torch.from_numpy(stacked).permute(2, 0, 1).contiguous().float().div(255)
    mean, std = (torch.tensor(part * len(images))[:, None, None] for part in (MEAN, STD))
    clip.sub_(mean).div_(std)
    return clip.unflatten(0, (len(images), 3)).transpose(0, 1)
