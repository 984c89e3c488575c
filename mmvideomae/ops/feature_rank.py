"""How many directions features use, and what they know of motion."""

import torch
from torch import Tensor


def effective_rank(features: Tensor) -> float:
    """RankMe of features (n, D): the exponential of the entropy of their singular values.

    They are not centred here.  (Garrido et al., 2210.02885; compare only runs of one method on the
    same samples.)
    """
    values = torch.linalg.svdvals(features.float())
    shares = values / values.sum().clamp(min=1e-12) + 1e-7
    return float((-(shares * shares.log()).sum()).exp())


def moving_still(frame: Tensor, num_frames: int, step: int) -> Tensor:
    """A frame (C, H, W) that moves right, left, down and up -> clips (4, C, T, H, W).

    What leaves one edge enters at the opposite one, so the clips differ in nothing but the motion.

    Args:
        step: Pixels from one frame of the clip to the next.
    """
    clips = [
        torch.stack([frame.roll(sign * step * t, axis) for t in range(num_frames)], 1)
        for axis in (2, 1)
        for sign in (1, -1)
    ]
    return torch.stack(clips)


def direction_accuracy(features: Tensor) -> float:
    """Features (n, 4, D) of n stills in four motions -> share of directions told apart.

    For each still, the mean over its directions is removed, and the direction is that of the
    nearest mean of the other stills; guessing gives 0.25.
    """
    motion = features.float() - features.float().mean(1, keepdim=True)
    others = (motion.sum(0) - motion) / (len(motion) - 1)
    nearest = torch.cdist(motion, others).argmin(2)
    return float((nearest == torch.arange(motion.shape[1], device=nearest.device)).float().mean())
