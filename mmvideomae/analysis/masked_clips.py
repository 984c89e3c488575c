"""Draw clips with masked codes that are restored by copying."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmvideomae.analysis.masked_codes import MASKS, CopiedCodes, copied_codes
from mmvideomae.apis.reconstructor import fit_clip
from mmvideomae.apis.training_clips import ClipSampling
from mmvideomae.ops.codes import encode_frames
from mmvideomae.video.readers import open_reader
from mmvideomae.visualization.figure import draw_rows
from mmvideomae.visualization.reconstruction import MASKED, to_bytes

_NOTE = (
    'Hidden codes are copies of the nearest visible ones; all frames but the original are decoded '
    'from codes. Percentages are shares of hidden codes that copies restore; decibels compare '
    'hidden patches of the decoded copies with those of the decoded codes.'
)


@dataclass(frozen=True)
class MaskedClip:
    """A clip, its codes, and the codes restored under masks.

    Attributes:
        frames: (T, H, W, 3) uint8.
        codes: (T, h, w).
        views: Results for each ratio and kind of mask.
        seconds: Time of each frame in the video, (T,).
        title: First line of the picture.
        tokenizer: The tokenizer that decodes them.
    """

    frames: np.ndarray
    codes: Tensor
    views: tuple[CopiedCodes, ...]
    seconds: np.ndarray
    title: str
    tokenizer: nn.Module

    def picture(self) -> np.ndarray:
        """One picture of all views, (H', W', 3) uint8."""
        intact = self._decoded(self.codes)
        rows, groups = [('original', self.frames), ('codes, decoded', intact)], [0, 0]
        for number, view in enumerate(self.views, 1):
            label = f'{view.kind} {view.mask.mean():.0%}\nmasked'
            rows.append((label, np.where(self._hidden(view), np.uint8(MASKED), intact)))
            for name, psnr in self.psnr(view).items():
                label = f'{name}\n{view.accuracy[name]:.1%}, {psnr:.1f} dB'
                rows.append((label, self._decoded(view.restored[name])))
            groups += [number] * (1 + len(view.restored))
        return draw_rows(rows, groups, self.seconds.tolist(), self.title, _NOTE)

    @property
    def summaries(self) -> list[dict[str, Any]]:
        """The numbers of each view, keyed by name."""
        return [
            {
                **view.summary,
                'psnr': {name.replace('-', '_'): value for name, value in self.psnr(view).items()},
            }
            for view in self.views
        ]

    def psnr(self, view: CopiedCodes) -> dict[str, float]:
        """Similarity of decoded copies to decoded codes in decibels, keyed by kind of copy.

        It covers the hidden patches of the first mask.  60 means equal, or nothing hidden.
        """
        hidden = np.broadcast_to(self._hidden(view), self.frames.shape)
        intact = self._decoded(self.codes)[hidden] / 255
        errors = {
            name: float(np.square(self._decoded(codes)[hidden] / 255 - intact).sum())
            for name, codes in view.restored.items()
        }
        return {
            name: -10 * math.log10(max(error / max(intact.size, 1), 1e-6))
            for name, error in errors.items()
        }

    def _hidden(self, view: CopiedCodes) -> np.ndarray:
        """Pixels under the first mask, (T, H, W, 1) bool."""
        side = self.frames.shape[1] // view.mask.shape[1]
        return view.mask.repeat(side, 1).repeat(side, 2)[..., None]

    def _decoded(self, codes: Tensor) -> np.ndarray:
        device = next(self.tokenizer.parameters()).device
        frames = self.tokenizer.decode(codes.to(device))
        return to_bytes(frames.permute(0, 2, 3, 1).cpu().numpy())


class MaskedClips:
    """The clip in the middle of a video, with all masks.

    Args:
        tokenizer: In evaluation mode, with a decoder.
        clip_len: Number of frames.
        fps: Frames per second.
        size: Side of frames in pixels.
        ratios: Shares of hidden codes.
        draws: See `copied_codes`.
        seed: Seed of the masks.
    """

    def __init__(
        self,
        tokenizer: nn.Module,
        clip_len: int = 5,
        fps: float = 2.0,
        size: int = 128,
        ratios: Sequence[float] = (0.15, 0.45),
        draws: int = 8,
        seed: int = 0,
    ) -> None:
        if clip_len < 1 or fps <= 0 or draws < 1:
            raise ValueError(f'{clip_len} frames, {fps} per second and {draws} draws are too few')
        if size < tokenizer.factor or size % tokenizer.factor:
            raise ValueError(f'size {size} is not a multiple of {tokenizer.factor} pixels')
        self.tokenizer, self.ratios = tokenizer, ratios
        self.sampling = ClipSampling(clip_len, None, fps, (size, size))
        self.draws, self.seed = draws, seed

    def __call__(self, video: str | os.PathLike[str]) -> MaskedClip:
        """Read a clip and restore its masked codes by copying.

        Raises:
            VideoReadError: The file cannot be read.
        """
        with open_reader(video) as reader:
            indices = self.sampling.indices(reader)
            frames = fit_clip(reader.read(indices), self.sampling.size)
            seconds = reader.times[indices] - reader.times[0]
        device = next(self.tokenizer.parameters()).device
        pixels = torch.from_numpy(frames).to(device)
        codes = encode_frames(self.tokenizer.encode, pixels).cpu()
        views = [
            copied_codes(codes, kind, ratio, self.draws, self.seed)
            for ratio in self.ratios
            for kind in MASKS
        ]
        title = Path(video).name
        return MaskedClip(frames, codes, tuple(views), seconds, title, self.tokenizer)
