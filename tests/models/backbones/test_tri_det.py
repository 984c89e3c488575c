"""Protects TriDet's and DyFADet's encoders: published size, pyramid, layers and noise."""

import pytest
import torch

from mmvideomae.models.backbones import DyFADetBackbone, TriDetBackbone
from mmvideomae.models.layers.sgp import DynELayer, SGPLayer


@pytest.mark.parametrize(('kind', 'channels'), [(TriDetBackbone, 2048), (DyFADetBackbone, 1408)])
def test_the_published_encoders_have_the_parts_of_their_formula(
    kind: type[TriDetBackbone], channels: int
) -> None:
    with torch.device('meta'):
        net = kind(channels)
    width, hidden, wide = 512, 768, 11
    convolutions = width * (wide + 1) + 4 * width * 2  # of 1, except for the wide one
    layer = convolutions + (width + 1) * hidden + (hidden + 1) * width + 4 * width
    embed = 3 * channels * width + 3 * width**2 + 4 * width
    assert sum(p.numel() for p in net.parameters()) == embed + 7 * layer + 5 * 2 * width
    assert net.length_divisor == 32


def tiny(**changes: object) -> TriDetBackbone:
    torch.manual_seed(0)
    settings = {'embed_dims': 16, 'arch': (1, 1, 2), 'windows': (1, 3), 'hidden_channels': 24}
    return TriDetBackbone(6, **{**settings, **changes})


@pytest.mark.parametrize(
    ('kind', 'layer'), [(TriDetBackbone, SGPLayer), (DyFADetBackbone, DynELayer)]
)
def test_layers_are_of_their_kind_and_their_norms_have_their_own_eps(
    kind: type[TriDetBackbone], layer: type[SGPLayer]
) -> None:
    net = kind(6, 16, windows=(3,) * 5, norm_eps=1e-6, layer_norm_eps=1e-4)
    found = [*net.stem, *net.branch]
    assert {type(each) for each in found} == {layer} and len(found) == 7
    assert {each.ln.eps for each in found} == {each.gn.eps for each in found} == {1e-4}
    assert {each.eps for each in net.embd_norm} == {1e-6}


def test_levels_halve_and_keep_their_masks() -> None:
    net = tiny().eval()
    assert net.length_divisor == 12
    mask = torch.arange(24) < torch.tensor([[[13]], [[24]]])
    outs, masks = net(torch.randn(2, 6, 24), mask)
    assert [tuple(x.shape) for x in outs] == [(2, 16, 24), (2, 16, 12), (2, 16, 6)]
    assert [each.sum().item() for each in masks] == [37, 19, 10]


def test_noise_is_added_in_training_only() -> None:
    net, x = tiny(input_noise=0.5, drop_path_rate=0.0), torch.randn(1, 6, 12)
    mask = torch.ones(1, 1, 12, dtype=torch.bool)
    one, other = (net.train()(x, mask)[0][0] for _ in range(2))
    assert not torch.allclose(one, other)
    one, other = (net.eval()(x, mask)[0][0] for _ in range(2))
    assert torch.equal(one, other)


def test_the_number_of_windows_is_checked() -> None:
    with pytest.raises(ValueError, match='2 strided layers need as many windows'):
        tiny(windows=(1,))
