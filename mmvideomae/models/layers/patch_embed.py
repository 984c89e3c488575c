"""Cube embedding: a linear map of space-time cubes."""

from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.ops.tokens import gather_cubes


class CubeEmbed(nn.Module):
    """(B, C, T, H, W) -> (B, N, D), or (B, n, D) for the requested tokens.

    The weight is stored as the 3-D convolution of the released checkpoints, but
    applied as a matrix product to the requested cubes only, so masked tokens cost
    nothing (V1 section 3.2, "cube embedding").
    """

    def __init__(
        self, in_channels: int, embed_dims: int, tubelet_size: int, patch_size: int
    ) -> None:
        super().__init__()
        kernel = (tubelet_size, patch_size, patch_size)
        self.proj = nn.Conv3d(in_channels, embed_dims, kernel_size=kernel, stride=kernel)

    def forward(self, clips: Tensor, ids: Tensor | None = None) -> Tensor:
        tubelet, patch, _ = self.proj.kernel_size
        flat = gather_cubes(clips, ids, tubelet, patch).flatten(2)
        return F.linear(flat, self.proj.weight.flatten(1), self.proj.bias)
