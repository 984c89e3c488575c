"""VIMPAC's crops, so few that the codes of all of them can be kept in files."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmcv.transforms import BaseTransform

from mmvideomae.ops.diagonal_views import DiagonalView, diagonal_views
from mmvideomae.registry import TRANSFORMS


@TRANSFORMS.register_module()
class DiagonalCrop(BaseTransform):
    """Crop squares at the top left, the centre or the bottom right of resized frames (VIMPAC).

    The short side becomes ``scale * size`` pixels and the long one keeps the aspect ratio,
    rounded down.  Squares are on the diagonal of the frame: ``factor * (side - size) / 2``
    pixels from the top and the left, rounded down, with the factors 0, 1 and 2.  A mirrored
    view is mirrored after cropping.  Frames are resized on uint8 by a bicubic filter that grows
    with the reduction, like the default of FFmpeg's scaler.

    Training uses one view for all clips of a sample; in test mode, each clip has all views in
    turn.  A frame that several clips share is resized once.

    Pre-training uses only the centre; fine-tuning uses 1 and 1.25 times the size (1.5 in the
    text of the paper), three positions and mirroring: 12 views, or 6 without mirroring if left
    and right distinguish classes.

    Required Keys:

    - imgs: uint8 ``(S * T, H, W, 3)``, clip after clip
    - num_clips: ``S``
    - frame_inds: int ``(S * T,)``
    - pad_mask (optional): bool ``(S, T)``

    Modified Keys:

    - imgs: uint8 ``(S, T, size, size, 3)``, or in test mode ``(S * V, T, size, size, 3)`` with the
      views of a clip adjacent
    - pad_mask: likewise a row for each view
    - img_shape

    Added Keys:

    - num_crops: 1, or ``V`` in test mode
    - view: the name of the view; not in test mode

    Args:
        size: Side of the squares.
        scales: Short sides of frames as multiples of ``size``.
        positions: 'top', 'centre', 'bottom'.
        flip: Whether there is a mirrored view of each.
        test_mode: Use all views.
    """

    def __init__(
        self,
        size: int,
        scales: Sequence[float] = (1.0,),
        positions: Sequence[str] = ('centre',),
        flip: bool = False,
        test_mode: bool = False,
    ) -> None:
        self.views = diagonal_views(size, scales, positions, flip)
        self.size = size
        self.test_mode = test_mode
        self.mirrors = flip  # for `refuse_flips`

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        chosen = self.views
        if not self.test_mode:
            chosen = [self.views[np.random.randint(len(self.views))]]
            results['view'] = chosen[0].name
        imgs, clips = results['imgs'], results['num_clips']
        _, first, places = np.unique(results['frame_inds'], return_index=True, return_inverse=True)
        cuts = np.stack([self.cut(imgs[number], chosen) for number in first])
        cuts = cuts[places.reshape(clips, -1)].swapaxes(1, 2)  # (S, V, T, size, size, 3)
        results['imgs'] = np.ascontiguousarray(cuts).reshape(-1, *cuts.shape[2:])
        if 'pad_mask' in results:
            results['pad_mask'] = np.repeat(results['pad_mask'], len(chosen), axis=0)
        results.update(img_shape=(self.size, self.size), num_crops=len(chosen))
        return results

    def cut(self, frame: np.ndarray, views: Sequence[DiagonalView]) -> np.ndarray:
        """Views of a frame (H, W, 3) uint8 -> (V, size, size, 3)."""
        squares = np.empty((len(views), self.size, self.size, 3), np.uint8)
        resized: dict[int, np.ndarray] = {}
        for square, view in zip(squares, views, strict=True):
            shape = view.resized(*frame.shape[:2])
            if view.short_side not in resized:
                resized[view.short_side] = _resize(frame, shape)
            top, left = view.corner(*shape, self.size)
            part = resized[view.short_side][top : top + self.size, left : left + self.size]
            square[:] = part[:, ::-1] if view.flip else part
        return squares

    def __repr__(self) -> str:
        names = [view.name for view in self.views]
        return f'{type(self).__name__}(size={self.size}, {names}, test_mode={self.test_mode})'


def _resize(frame: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 -> (h, w, 3), smoothed when it is reduced."""
    if frame.shape[:2] == shape:
        return frame
    picture = torch.from_numpy(frame).permute(2, 0, 1)[None]
    resized = F.interpolate(picture, shape, mode='bicubic', antialias=True)
    return resized[0].permute(1, 2, 0).numpy()
