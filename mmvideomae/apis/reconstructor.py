"""Show how a pre-trained model reconstructs the hidden part of a video."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from mmvideomae.apis.training_clips import sampling_of
from mmvideomae.configs import training_step
from mmvideomae.masking import of_ratio
from mmvideomae.registry import MASK_GENERATORS
from mmvideomae.video.readers import VideoReader, open_reader
from mmvideomae.visualization.figure import Figure, draw_animation, draw_picture
from mmvideomae.visualization.files import SUFFIXES, png_of, save_animation, save_picture
from mmvideomae.visualization.reconstruction import (
    Reconstruction,
    assemble,
    masked_frames,
    reconstructed_frames,
    tokenized,
)

USUAL_RATIOS = (0.75, 0.9, 0.95)


@dataclass(frozen=True)
class ReconstructedClip:
    """A clip of a video under one or several masks, as arrays and as pictures.

    Attributes:
        frames: The clip as the model received it, (T, H, W, 3) uint8.
        views: What the encoder saw and the model reconstructed, for each mask ratio.
        seconds: Time of each frame in the video, (T,).
        title: First line of the pictures.
    """

    frames: np.ndarray
    views: tuple[Reconstruction, ...]
    seconds: np.ndarray
    title: str = ''

    @property
    def masked(self) -> list[np.ndarray]:
        """The visible patches, for each mask (T, H, W, 3) uint8."""
        return [masked_frames(self.frames, view) for view in self.views]

    @property
    def reconstructed(self) -> list[np.ndarray]:
        """The visible and reconstructed patches, for each mask (T, H, W, 3) uint8."""
        return [reconstructed_frames(self.frames, view) for view in self.views]

    def picture(self, layout: str = 'stacked', num_frames: int = 8) -> np.ndarray:
        """One picture, (H', W', 3) uint8; see ``visualization.figure.draw_picture``."""
        return draw_picture(self._figure(), layout, num_frames)

    def _repr_png_(self) -> bytes:
        """The picture, which notebooks show."""
        return png_of(self.picture())

    def save(
        self,
        path: str | os.PathLike[str],
        layout: str = 'stacked',
        num_frames: int = 8,
        fps: float | None = None,
    ) -> Path:
        """Write a still (.png) or an animation of all frames (.gif, .mp4), depending on the suffix.

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
    """Reconstruct videos with a pre-trained model, or with a tokenizer in training.

    Length, stride or frame rate, and size of clips, the kind of mask and the decoder's mask
    are those of the config's training pipeline.

    Args:
        model: A pretrainer from ``init_model`` whose target can be shown, or a
            ``TokenizerTrainer``.
        statistics: Source of the mean and deviation that turn normalised predictions into
            pixels: 'ground_truth' (each patch's own, as in the papers' figures), 'visible'
            (estimated from visible patches) or 'none'; see ``visualization.reconstruction``.
        all_tokens: Reconstruct every hidden token, even if training uses a decoder mask.
        seed: Seed of the masks; it is the same for all ratios.

    Raises:
        ValueError: The model is not a pretrainer, or its config has no masked pipeline.
    """

    def __init__(
        self,
        model: nn.Module,
        statistics: str = 'ground_truth',
        all_tokens: bool = False,
        seed: int = 0,
    ) -> None:
        self.tokenizes = hasattr(model, 'tokenizer')
        if not hasattr(getattr(model, 'target', None), 'draw') and not self.tokenizes:
            raise ValueError(
                f'{type(model).__name__} cannot reconstruct: give the config and checkpoint of a '
                'pre-training'
            )
        self.model, self.statistics, self.seed = model, statistics, seed
        sampling, masks = sampling_of(model.cfg), training_step(model.cfg, 'GenerateMasks')
        if sampling is None or (masks is None and not self.tokenizes):
            kinds = [] if sampling else ['SampleClip, ClipMultiScaleCrop']
            kinds += [] if masks or self.tokenizes else ['GenerateMasks']
            raise ValueError(f"the config's train_dataloader has no {', '.join(kinds)}")
        self.sampling, self.masks = sampling, masks or {}
        self.all_tokens = all_tokens

    def __call__(
        self,
        video: str | os.PathLike[str] | VideoReader,
        mask_ratios: Sequence[float] | str | None = 'usual',
        start: float | None = None,
        stride: int | None = None,
    ) -> ReconstructedClip:
        """Reconstruct one clip of a video under several mask ratios.

        Args:
            video: A file, or an open reader.
            mask_ratios: Shares of hidden tokens; a block mask comes as close to them as it can.
                None: the config's own; 'usual': 0.75, 0.9 and 0.95, or the config's own for codes.
            start: Start of the clip in seconds; by default, the clip is in the middle of the
                video.
            stride: Distance between frames of the clip; by default the config's.

        Raises:
            VideoReadError: The file cannot be read.
            ValueError: ``start`` is beyond the end.
        """
        reader = video if isinstance(video, VideoReader) else open_reader(video)
        with reader:
            indices = self.sampling.indices(reader, start, stride)
            frames = fit_clip(reader.read(indices), self.sampling.size)
            seconds = reader.times[indices] - reader.times[0]
            return self.reconstruct(frames, mask_ratios, seconds, Path(reader.path).name)

    def reconstruct(
        self,
        frames: np.ndarray,
        mask_ratios: Sequence[float] | str | None = 'usual',
        seconds: np.ndarray | None = None,
        title: str = '',
    ) -> ReconstructedClip:
        """Reconstruct a clip (T, H, W, 3) uint8 that already has the model's size."""
        times = np.arange(len(frames)) / 25 if seconds is None else seconds
        if self.tokenizes:
            return ReconstructedClip(frames, (self._tokenized(frames),), times, title)
        ratios: Sequence[float | None] = [None]
        if mask_ratios is not None and not isinstance(mask_ratios, str):
            ratios = mask_ratios
        elif mask_ratios == 'usual' and not hasattr(self.model.target, 'vocabulary'):
            ratios = USUAL_RATIOS
        views = tuple(self._view(frames, ratio) for ratio in ratios)
        return ReconstructedClip(frames, views, times, title)

    def _tokenized(self, frames: np.ndarray) -> Reconstruction:
        batch = self._batch(frames)
        with torch.inference_mode():
            output = self.model(**batch, mode='predict')
        return tokenized(output.frames, float(output.loss))

    def _view(self, frames: np.ndarray, ratio: float | None) -> Reconstruction:
        encoder_mask = self._draw(frames, self.masks['encoder'], ratio)
        if not encoder_mask.any():
            raise ValueError(f'a mask ratio of {ratio} hides no token')
        masks = {'encoder_mask': encoder_mask}
        decoder = self.masks.get('decoder')
        if decoder is not None and not self.all_tokens:
            masks['decoder_mask'] = self._draw(frames, decoder)
        batch = self._batch(frames, **masks)
        inputs = batch['inputs']
        with torch.inference_mode():
            output = self.model.reconstruct(inputs, *(batch[key] for key in masks))
        return assemble(
            frames,
            encoder_mask.numpy().reshape(-1),
            output.pred[0],
            output.token_ids[0],
            self.model.target,
            self.statistics,
            float(output.loss),
            None if inputs.is_floating_point() else inputs[0],
        )

    def _batch(self, frames: np.ndarray, **masks: Tensor) -> dict[str, Any]:
        """A batch of one clip, preprocessed."""
        device = next(self.model.parameters()).device
        batch = {'inputs': torch.from_numpy(frames)[None, None], **masks}
        return self.model.data_preprocessor({k: v.to(device) for k, v in batch.items()})

    def _draw(
        self, frames: np.ndarray, config: dict[str, Any], ratio: float | None = None
    ) -> Tensor:
        """One mask of a clip, (1, 1, N) bool."""
        config = {**config, 'grid_size': self.model.target.grid(*frames.shape[:3])}
        if ratio is not None:
            config = of_ratio(config, ratio)
        mask = MASK_GENERATORS.build(config)(np.random.default_rng(self.seed), frames)
        return torch.from_numpy(mask.reshape(1, 1, -1))


def fit_clip(frames: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Crop the largest central part of frames with the wanted aspect ratio and resize it.

    (T, H, W, 3) uint8 -> (T, *size, 3) uint8.
    """
    height, width = frames.shape[1:3]
    scale = min(height / size[0], width / size[1])
    part_height, part_width = round(size[0] * scale), round(size[1] * scale)
    top, left = (height - part_height) // 2, (width - part_width) // 2
    parts = frames[:, top : top + part_height, left : left + part_width]
    how = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    return np.stack([cv2.resize(part, size[::-1], interpolation=how) for part in parts])
