"""Boxes in frames: (n, 4) tensors of left, top, right and bottom edges (``xyxy``).

When edges are moved in proportion to a box's size, a box from pixel 3 to pixel 7 counts as 5 pixels
wide, as in VideoMAE's released detection code; areas and overlaps treat edges as points.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision import ops
from torchvision.ops import clip_boxes_to_image

Size = tuple[int, int]
"""Height and width of a frame in pixels."""


def jitter_boxes(boxes: Tensor, size: Size, amounts: Sequence[float]) -> Tensor:
    """Move every edge of boxes (n, 4) in pixels randomly and independently within the frame.

    Args:
        size: Height and width of the frame.
        amounts: The farthest that the left and right edges move outwards and inwards, as shares
            of the box's width; then the same for the top and bottom edges and its height.
            VideoMAE trains on AVA with (0.2, 0.1, 0.1, 0.05).

    Random numbers come from torch's CPU generator, so they are the same on every device.
    """
    x_out, x_in, y_out, y_in = amounts
    farthest = boxes.new_tensor([x_out, y_out, x_out, y_out])
    nearest = -boxes.new_tensor([x_in, y_in, x_in, y_in])
    draws = torch.rand(boxes.shape, dtype=torch.float32).to(boxes)
    return clip_boxes_to_image(_moved_outwards(boxes, nearest + draws * (farthest - nearest)), size)


def extend_boxes(boxes: Tensor, size: Size, amounts: Sequence[float]) -> Tensor:
    """Enlarge boxes (n, 4) in pixels about their centres, within the frame.

    Args:
        size: Height and width of the frame.
        amounts: Shares of width and height to add to boxes, half at either edge; VideoMAE
            tests on AVA with (0.1, 0.05).
    """
    x, y = amounts
    return clip_boxes_to_image(_moved_outwards(boxes, boxes.new_tensor([x, y, x, y]) / 2), size)


def _moved_outwards(boxes: Tensor, shares: Tensor) -> Tensor:
    """Move edges by shares of width and height; positive shares move outwards."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    moves = shares * sides.repeat(1, 2)
    return boxes + moves * boxes.new_tensor([-1, -1, 1, 1])


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of every pair, (n, 4) and (m, 4) -> (n, m); 0 for empty unions."""
    return ops.box_iou(a, b).nan_to_num(0)  # torchvision divides by empty unions


def from_view(boxes: Tensor, size: Size, crop: Sequence[float], flip: bool) -> Tensor:
    """Boxes (n, 4) in pixels of a clip -> shares of the frame from which the clip was cropped.

    Args:
        size: Height and width of the clip in pixels.
        crop: The part of the frame that the clip shows, x1, y1, x2, y2 as shares of the frame.
        flip: Whether the clip shows that part mirrored.
    """
    height, width = size
    shares = boxes / boxes.new_tensor([width, height, width, height])
    if flip:
        shares = torch.stack([1 - shares[:, 2], shares[:, 1], 1 - shares[:, 0], shares[:, 3]], 1)
    left, top, right, bottom = crop
    sides = boxes.new_tensor([right - left, bottom - top]).repeat(2)
    return shares * sides + boxes.new_tensor([left, top, left, top])
