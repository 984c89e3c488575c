"""The cube embedding is the 3-D convolution of the released weights."""

import torch

from mmvideomae.models.layers import CubeEmbed


def test_it_equals_the_convolution_whose_weight_it_holds() -> None:
    embed = CubeEmbed(3, 8, tubelet_size=2, patch_size=4)
    clips = torch.randn(2, 3, 4, 8, 12)
    expected = embed.proj(clips).flatten(2).transpose(1, 2)
    torch.testing.assert_close(embed(clips), expected)
    ids = torch.tensor([[0, 5, 11], [3, 4, 7]])
    torch.testing.assert_close(embed(clips, ids), expected[torch.arange(2)[:, None], ids])
