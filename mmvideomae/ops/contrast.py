"""InfoNCE between two clips of each video (VIMPAC section 3.2; MoCo v3 section 3)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from mmvideomae.ops.distributed import gather_rows, process_rank


def pair_loss(first: Tensor, second: Tensor, temperature: float, together: bool = True) -> Tensor:
    """Features (m, D) of two clips of each video -> L + L' of equation 6, in float32 at least.

    Every clip must find the other clip of its video among all clips except itself: for n videos
    in all processes, there is 1 correct answer and 2n - 2 negatives (equations 4 and 19 to 20).
    Each process averages over its own m videos, so that the mean of the processes' gradients,
    which DDP computes, equals the gradient of one process with all videos.

    Args:
        first, second: Row i of both is of the same video; they need not be normalised.
        temperature: Divisor of cosine similarities.
        together: Whether all processes call this at the same time, with equally many videos.

    Raises:
        ValueError: There is only one video, so there are no negatives.
    """
    with torch.autocast(first.device.type, enabled=False):
        pairs = torch.stack([first, second], 1)
        precise = torch.promote_types(pairs.dtype, torch.float32)
        own = F.normalize(pairs.to(precise), dim=2)  # (m, 2, D)
        videos = (gather_rows(own) if together else own).transpose(0, 1)  # (2, n, D)
        (own_count, _, _), count = own.shape, videos.shape[1]
        if count < 2:
            raise ValueError(
                'a contrastive loss compares videos, but the batch has 1: increase '
                'train_dataloader.batch_size (val_dataloader.batch_size in validation)'
            )
        similar = own.transpose(0, 1).flatten(0, 1) @ videos.flatten(0, 1).T / temperature
        ids = (process_rank() if together else 0) * own_count + torch.arange(
            own_count, device=own.device
        )
        itself, other = torch.cat([ids, ids + count]), torch.cat([ids + count, ids])
        similar = similar.scatter(1, itself[:, None], float('-inf'))
        return 2 * F.cross_entropy(similar, other)


def find_loss(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Queries and keys (m, D), row i of both of the same video -> InfoNCE, in float32 at least.

    Every query must find its key among the keys of all processes, which get no gradients.  Each
    process averages over its own queries; see `pair_loss`.
    """
    with torch.autocast(queries.device.type, enabled=False):
        precise = torch.promote_types(queries.dtype, torch.float32)
        own = F.normalize(queries.to(precise), dim=1)
        every = gather_rows(F.normalize(keys.detach().to(precise), dim=1))
        answers = process_rank() * len(own) + torch.arange(len(own), device=own.device)
        return F.cross_entropy(own @ every.T / temperature, answers)
