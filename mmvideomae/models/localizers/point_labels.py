"""The points of a temporal pyramid and their labels (ActionFormer section 3.3)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

# Segments whose lengths differ by less than this count as equally short.
LENGTH_TOLERANCE = 1e-3


class Points(NamedTuple):
    """P points: the steps of all levels, fine levels first; units are steps of the input."""

    places: Tensor
    """(P,)."""
    strides: Tensor
    """(P,), stride of the level."""
    ranges: Tensor
    """(P, 2), least and largest distance to the farther end of a segment of this level."""


class PointLabels(NamedTuple):
    """Targets for points."""

    classes: Tensor
    """(P, K), 1 for the classes at a point; a row of 0 is background."""
    distances: Tensor
    """(P, 2), distances to start and end, in strides; meaningless for background."""


def make_points(
    lengths: Sequence[int],
    strides: Sequence[int],
    ranges: Sequence[tuple[float, float]],
    device: torch.device | str | None = None,
) -> Points:
    """The points of levels with these lengths; point ``i`` of a level is at ``i * stride``."""
    levels = list(zip(lengths, strides, ranges, strict=True))
    places = [torch.arange(length, device=device) * stride for length, stride, _ in levels]
    counts = torch.tensor(list(lengths), device=device)
    return Points(
        torch.cat(places).float(),
        torch.tensor(list(strides), dtype=torch.float32, device=device).repeat_interleave(counts),
        torch.tensor(list(ranges), dtype=torch.float32, device=device).repeat_interleave(counts, 0),
    )


def label_points(
    points: Points,
    segments: Tensor,
    labels: Tensor,
    num_classes: int,
    center_radius: float | None = 1.5,
    all_classes: bool = False,
) -> PointLabels:
    """Give each point the shortest segment that it is responsible for.

    A point is responsible for a segment if it is strictly inside, within ``center_radius``
    strides of the centre, and the distance to the farther end is in the range of the level,
    including its bounds.  Classes of segments that are equally short are combined.

    Args:
        segments: (n, 2), start and end in steps.
        labels: (n,) int64 in ``[0, num_classes)``.
        center_radius: None: points are responsible anywhere inside.
        all_classes: Give a point the classes of all segments that it is responsible for, not only
            of the shortest, whose distances it gets (OpenTAD on Ego4D).
    """
    count = len(points.places)
    if not len(segments):
        zeros = points.places.new_zeros
        return PointLabels(zeros(count, num_classes), zeros(count, 2))
    starts, ends = segments.float().unbind(1)
    places, strides = points.places[:, None], points.strides[:, None]
    distances = torch.stack([places - starts, ends - places], 2)  # (P, n, 2)
    near = distances.amin(2) > 0
    if center_radius is not None:
        near &= (places - (starts + ends) / 2).abs() < strides * center_radius
    farther = distances.amax(2)
    low, high = points.ranges[:, :1], points.ranges[:, 1:]
    responsible = near & (farther >= low) & (farther <= high)
    lengths = torch.where(responsible, ends - starts, torch.inf)
    shortest, chosen = lengths.min(1)
    tied = responsible & (all_classes | (lengths <= shortest[:, None] + LENGTH_TOLERANCE))
    classes = tied.float() @ F.one_hot(labels, num_classes).float()
    picked = distances.gather(1, chosen[:, None, None].expand(-1, 1, 2))[:, 0]
    return PointLabels(classes.clamp(max=1), picked / strides)
