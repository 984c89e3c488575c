"""Quantise vectors to the nearest in a codebook that is updated by moving averages."""

from typing import NamedTuple

import torch
from mmengine.dist import all_gather, all_reduce, get_rank
from torch import Tensor, nn

_DISTANCES = 1 << 25  # distances computed at a time: 128 MiB


class Quantized(NamedTuple):
    """Codes of vectors, and values for training."""

    codes: Tensor
    """int64, with the shape of the vectors without their last axis."""
    vectors: Tensor
    """Vectors of these codes, with the gradient of the input vectors (straight-through)."""
    commitment: Tensor
    """Mean squared distance, which pulls the input vectors towards those of their codes."""
    perplexity: Tensor
    """Perplexity of the batch's codes over all processes: the effective number of codes."""
    used: Tensor
    """Share of codes that were in use recently."""


class MovingAverageQuantizer(nn.Module):
    """The nearest vectors of a codebook, (..., D) -> `Quantized` (van den Oord et al., 2017).

    In training, each vector of the codebook is the mean of those that were nearest to it, averaged
    exponentially over steps and over all processes (ibid., appendix A.1).  A codebook vector that
    is hardly ever the nearest is replaced by a vector of the batch, as are all in the first step.
    The choice depends only on the seed and the number of the step, so processes agree and a
    resumed run continues as an uninterrupted one would.

    Args:
        num_codes: K.
        dims: D.
        decay: Decay of the moving averages.
        dead_share: A code is unused if it gets less than this fraction of an equal share.
        seed: Seed for replacing unused codes.
    """

    codebook: Tensor
    counts: Tensor
    sums: Tensor
    steps: Tensor

    def __init__(
        self,
        num_codes: int,
        dims: int,
        decay: float = 0.99,
        dead_share: float = 0.03,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not 0 <= decay < 1 or not 0 <= dead_share < 1:
            raise ValueError(f'decay {decay} and dead_share {dead_share} must lie in [0, 1)')
        self.decay, self.dead_share, self.seed = decay, dead_share, seed
        self.register_buffer('codebook', torch.randn(num_codes, dims))
        self.register_buffer('counts', torch.zeros(num_codes))
        self.register_buffer('sums', torch.zeros(num_codes, dims))
        self.register_buffer('steps', torch.zeros((), dtype=torch.int64))

    def forward(self, vectors: Tensor) -> Quantized:
        with torch.autocast(vectors.device.type, enabled=False):
            flat = vectors.float().flatten(0, -2)
            detached = flat.detach()
            if self.training and not self.steps:
                self._revive(detached, torch.ones_like(self.counts, dtype=torch.bool))
            codes = self.nearest(detached)
            nearest = self.codebook[codes]
            counts, perplexity = self._count(codes)
            if self.training:
                self._follow(detached, codes, counts)
            used = (self.counts >= self._least(counts.sum())).float().mean()
            if self.training:
                self._revive(detached, self.counts < self._least(counts.sum()))
                self.steps += 1
            commitment = (flat - nearest).square().mean()
            # The sum is exactly the decoder's later input for these codes.
            through = nearest + (flat - flat.detach())
        shape = vectors.shape
        return Quantized(codes.view(shape[:-1]), through.view(shape), commitment, perplexity, used)

    @torch.no_grad()
    def nearest(self, vectors: Tensor) -> Tensor:
        """Vectors (M, D) -> codes (M,); among equally near ones, the first."""
        norms = self.codebook.square().sum(1)
        parts = vectors.float().split(max(1, _DISTANCES // len(norms)))
        codes = [torch.addmm(norms, part, self.codebook.t(), alpha=-2).argmin(1) for part in parts]
        return torch.cat(codes)

    def _least(self, total: Tensor) -> Tensor:
        """The moving count below which a code is unused."""
        return self.dead_share * total / len(self.counts)

    def _count(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Number of vectors at each code (K,), over all processes, and the perplexity."""
        counts = torch.bincount(codes, minlength=len(self.counts)).float()
        all_reduce(counts)
        return counts, torch.special.entr(counts / counts.sum()).sum().exp()

    def _follow(self, vectors: Tensor, codes: Tensor, counts: Tensor) -> None:
        """Move the codebook to the means of its vectors."""
        sums = torch.zeros_like(self.sums).index_add_(0, codes, vectors)
        all_reduce(sums)
        self.counts.lerp_(counts, 1 - self.decay)
        self.sums.lerp_(sums, 1 - self.decay)
        self.codebook.copy_(self.sums / self.counts.clamp(min=1e-8)[:, None])

    def _revive(self, vectors: Tensor, unused: Tensor) -> None:
        """Replace unused codes by vectors of the batch, with an equal share as their count."""
        sizes = [int(size) for size in all_gather(torch.tensor([len(vectors)]).to(vectors.device))]
        total, first = sum(sizes), sum(sizes[: get_rank()])
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + int(self.steps))
        drawn = torch.randperm(total, generator=generator)
        drawn = drawn.repeat(-(-len(unused) // total))[: len(unused)].to(vectors.device) - first
        own = (drawn >= 0) & (drawn < len(vectors))
        taken = torch.where(own[:, None], vectors[drawn.clamp(0, len(vectors) - 1)], 0.0)
        all_reduce(taken)
        share = total / len(unused)
        self.codebook.copy_(torch.where(unused[:, None], taken, self.codebook))
        self.sums.copy_(torch.where(unused[:, None], taken * share, self.sums))
        self.counts.masked_fill_(unused, share)
