"""Protects the layers of padded sequences: padding is cleared, and branches drop by sample."""

import pytest
import torch

from mmvideomae.models.layers.masked_conv import AffineDropPath, ChannelNorm, MaskedConv1d


def test_a_convolution_clears_padding_and_strides_its_mask() -> None:
    conv = MaskedConv1d(3, 5, stride=2)
    mask = torch.arange(8) < torch.tensor([[[5]], [[8]]])
    out, out_mask = conv(torch.randn(2, 3, 8), mask)
    assert out.shape == (2, 5, 4)
    assert out_mask[:, 0].tolist() == [[True, True, True, False], [True] * 4]
    assert not out[0, :, 3].any() and out[1].all()
    with pytest.raises(ValueError, match='7 steps are not divisible by a stride of 2'):
        conv(torch.randn(1, 3, 7), mask[:1, :, :7])


def test_the_norm_is_over_channels() -> None:
    x = ChannelNorm(64)(torch.randn(2, 64, 5) * 3 + 1)
    assert torch.allclose(x.mean(1), torch.zeros(2, 5), atol=1e-5)
    assert torch.allclose(x.var(1, correction=0), torch.ones(2, 5), atol=1e-3)


def test_drop_path_leaves_out_whole_samples_and_scales_the_rest() -> None:
    path = AffineDropPath(4, rate=0.5)
    x = torch.ones(64, 4, 3)
    torch.manual_seed(0)
    kept = {tuple((row * 1e4).round().unique().tolist()) for row in path(x)}
    assert kept == {(0.0,), (2.0,)}
    assert torch.allclose(path.eval()(x), x * 1e-4)
