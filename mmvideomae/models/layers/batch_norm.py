"""Batch norm over the batches of all processes, on any device."""

import torch
from torch import Tensor, nn

from mmvideomae.ops.distributed import gather_rows, process_count


class SharedBatchNorm1d(nn.BatchNorm1d):
    """(B, D) -> (B, D), in training normalised over the batches of all processes.

    ``torch.nn.SyncBatchNorm`` does not support CPUs.  Here the mean and variance of each process
    are gathered with gradients, with any backend; in one process this is ``nn.BatchNorm1d``.
    Parameters and running statistics have the names and values of ``nn.BatchNorm1d``.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name of the parent's
        if not self.training or process_count() == 1:
            return super().forward(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32))
        var, mean = torch.var_mean(x, 0, correction=0)
        own = torch.cat([mean, var, mean.new_full((1,), len(x))])
        mean, var, count = self._combined(gather_rows(own[None]))
        if self.track_running_stats:
            self._track(mean.detach(), var.detach() * count / (count - 1))
        x = (x - mean) * torch.rsqrt(var + self.eps)
        if self.affine:
            x = x * self.weight + self.bias
        return x.to(input.dtype)

    def _combined(self, parts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(processes, 2D + 1) -> mean (D,), biased variance (D,) and the total number of rows."""
        means, variances, counts = parts.split([self.num_features, self.num_features, 1], 1)
        count = counts.sum()
        share = counts / count
        mean = (share * means).sum(0)
        return mean, (share * (variances + (means - mean) ** 2)).sum(0), count

    @torch.no_grad()
    def _track(self, mean: Tensor, var: Tensor) -> None:
        self.num_batches_tracked.add_(1)
        weight = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, weight)
        self.running_var.lerp_(var, weight)
