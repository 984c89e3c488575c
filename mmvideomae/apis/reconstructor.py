"""Show what a pre-trained model makes of the hidden part of a video."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from mmvideomae.configs import training_step
from mmvideomae.registry import MASK_GENERATORS
from mmvideomae.video.readers import VideoReader, open_reader
from mmvideomae.visualization.figure import Figure, draw_animation, draw_picture
from mmvideomae.visualization.files import SUFFIXES, save_animation, save_picture
from mmvideomae.visualization.reconstruction import (
    Reconstruction,
    assemble,
    masked_frames,
    reconstructed_frames,
)


@dataclass(frozen=True)
class ReconstructedClip:
    """A clip of a video under one or several masks, as arrays and as pictures.

    Attributes:
        frames: The clip as the model was given it, (T, H, W, 3) uint8.
        views: What was seen and reconstructed, one for each mask ratio.
        seconds: Time of each frame in the video, (T,).
        title: First line of the pictures.
    """

    frames: np.ndarray
    views: tuple[Reconstruction, ...]
    seconds: np.ndarray
    title: str = ''

    @property
    def masked(self) -> list[np.ndarray]:
        """What the encoder saw, for each mask (T, H, W, 3) uint8."""
        return [masked_frames(self.frames, view) for view in self.views]

    @property
    def reconstructed(self) -> list[np.ndarray]:
        """Visible and reconstructed patches, for each mask (T, H, W, 3) uint8."""
        return [reconstructed_frames(self.frames, view) for view in self.views]

    def picture(self, layout: str = 'stacked', num_frames: int = 8) -> np.ndarray:
        """One picture, (H', W', 3) uint8; see ``visualization.figure.draw_picture``."""
        return draw_picture(self._figure(), layout, num_frames)

    def save(
        self,
        path: str | os.PathLike[str],
        layout: str = 'stacked',
        num_frames: int = 8,
        fps: float | None = None,
    ) -> Path:
        """Write a still (.png) or all frames in turn (.gif, .mp4), by the name's suffix.

        Args:
            fps: Frames per second of an animation; by default the clip's own.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(f'{os.fspath(path)}: the name must end in {", ".join(SUFFIXES)}')
        if suffix == '.png':
            return save_picture(path, self.picture(layout, num_frames))
        rate = fps or 1 / max(float(np.diff(self.seconds).mean()), 1e-3)
        return save_animation(path, draw_animation(self._figure()), min(rate, 50.0))

    def _figure(self) -> Figure:
        return Figure(self.frames, self.views, self.seconds, self.title)


class Reconstructor:
    """Reconstruct videos with a pre-trained model.

    The length, stride and size of clips, the kind of mask and the decoder's mask are
    those of the config's training pipeline.

    Args:
        model: A pretrainer from ``init_model`` whose target can be shown.
        statistics: How normalised predictions become pixels: 'ground_truth' (each
            patch's own mean and deviation, as in the papers' figures), 'visible'
            (estimated from visible patches) or 'none'; see ``visualization.reconstruction``.
        all_tokens: Reconstruct every hidden token, also where training uses a decoder
            mask.
        seed: Of the masks; all ratios are drawn from the same seed.

    Raises:
        ValueError: The model is no pretrainer, or its config has no masked pipeline.
    """

    def __init__(
        self,
        model: nn.Module,
        statistics: str = 'ground_truth',
        all_tokens: bool = False,
        seed: int = 0,
    ) -> None:
        if not hasattr(getattr(model, 'target', None), 'draw'):
            raise ValueError(
                f'{type(model).__name__} reconstructs nothing: give the config and checkpoint of '
                'a pre-training'
            )
        self.model, self.statistics, self.seed = model, statistics, seed
        kinds = ('SampleClip', 'ClipMultiScaleCrop', 'GenerateMasks')
        sampling, crop, masks = (training_step(model.cfg, kind) or {} for kind in kinds)
        missing = [k for k, step in zip(kinds, (sampling, crop, masks), strict=True) if not step]
        if missing:
            raise ValueError(f"the config's train_dataloader has no {', '.join(missing)}")
        self.clip_len, self.stride = sampling['clip_len'], sampling['stride']
        size = crop['size']
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.masks = masks
        self.all_tokens = all_tokens

    def __call__(
        self,
        video: str | os.PathLike[str] | VideoReader,
        mask_ratios: Sequence[float] | None = (0.75, 0.9, 0.95),
        start: float | None = None,
        stride: int | None = None,
    ) -> ReconstructedClip:
        """Reconstruct one clip of a video under several mask ratios.

        Args:
            video: A file, or an open reader.
            mask_ratios: Shares of hidden tokens; None: the config's own.
            start: Where the clip begins, in seconds; by default its middle is the
                video's.
            stride: Distance between frames of the clip; by default the config's.

        Raises:
            VideoReadError: The file cannot be read.
            ValueError: ``start`` lies beyond the end.
        """
        reader = video if isinstance(video, VideoReader) else open_reader(video)
        with reader:
            indices = self._indices(reader, start, stride or self.stride)
            frames = reader.read(indices)
            return self.reconstruct(
                fit_clip(frames, self.size),
                mask_ratios,
                indices / reader.fps,
                Path(reader.path).name,
            )

    def reconstruct(
        self,
        frames: np.ndarray,
        mask_ratios: Sequence[float] | None = (0.75, 0.9, 0.95),
        seconds: np.ndarray | None = None,
        title: str = '',
    ) -> ReconstructedClip:
        """Reconstruct a clip (T, H, W, 3) uint8 that has the model's size already."""
        ratios = [self.masks['encoder']['ratio']] if mask_ratios is None else list(mask_ratios)
        views = tuple(self._view(frames, ratio) for ratio in ratios)
        times = np.arange(len(frames)) / 25 if seconds is None else seconds
        return ReconstructedClip(frames, views, times, title)

    def _view(self, frames: np.ndarray, ratio: float) -> Reconstruction:
        encoder_mask = self._draw(frames, self.masks['encoder'], ratio)
        if not encoder_mask.any():
            raise ValueError(f'a mask ratio of {ratio} hides no token')
        batch = {'inputs': torch.from_numpy(frames)[None, None], 'encoder_mask': encoder_mask}
        decoder = self.masks.get('decoder')
        if decoder is not None and not self.all_tokens:
            batch['decoder_mask'] = self._draw(frames, decoder)
        device = next(self.model.parameters()).device
        batch = self.model.data_preprocessor({k: v.to(device) for k, v in batch.items()})
        with torch.inference_mode():
            output = self.model.reconstruct(
                batch['inputs'], batch['encoder_mask'], batch.get('decoder_mask')
            )
        return assemble(
            frames,
            encoder_mask.numpy().reshape(-1),
            output.pred[0],
            output.token_ids[0],
            self.model.target,
            self.statistics,
            float(output.loss),
        )

    def _draw(
        self, frames: np.ndarray, config: dict[str, Any], ratio: float | None = None
    ) -> Tensor:
        """One mask of a clip, (1, 1, N) bool."""
        config = {**config, 'grid_size': self.model.target.grid(*frames.shape[:3])}
        if ratio is not None:
            config['ratio'] = ratio
        mask = MASK_GENERATORS.build(config)(np.random.default_rng(self.seed), frames)
        return torch.from_numpy(mask.reshape(1, 1, -1))

    def _indices(self, reader: VideoReader, start: float | None, stride: int) -> np.ndarray:
        """Frames of the clip; beyond the end the last frame reached is repeated."""
        total, span = len(reader), (self.clip_len - 1) * stride + 1
        first = max(0, (total - span) // 2) if start is None else round(start * reader.fps)
        if not 0 <= first < total:
            raise ValueError(
                f'{reader.path} is {total / reader.fps:.2f} s long: it has no frame at {start} s'
            )
        indices = first + np.arange(self.clip_len) * stride
        return np.minimum(indices, indices[indices < total][-1])


def fit_clip(frames: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut the largest central part of the wanted shape out of frames and resize it.

    (T, H, W, 3) uint8 -> (T, *size, 3) uint8.
    """
    height, width = frames.shape[1:3]
    scale = min(height / size[0], width / size[1])
    part_height, part_width = round(size[0] * scale), round(size[1] * scale)
    top, left = (height - part_height) // 2, (width - part_width) // 2
    parts = frames[:, top : top + part_height, left : left + part_width]
    how = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    return np.stack([cv2.resize(part, size[::-1], interpolation=how) for part in parts])
