"""Protects the SGP and DynE layers: equal to their formulas, strided like ActionFormer's blocks."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mmvideomae.models.layers.sgp import DynELayer, SGPLayer
from tests.support.weights import randomise


def restated(x: Tensor, mask: Tensor, layer: Any) -> Tensor:
    """One channel at a time."""
    state, width = layer.state_dict(), x.shape[1]
    if layer.stride == 2:
        high = F.pad(x, (1, 1), value=-torch.inf)
        x = torch.stack([high[..., i : i + 3].amax(-1) for i in range(0, x.shape[-1], 2)], -1)
        mask = mask[..., ::2]
    eps = layer.gn.eps
    y = (x - x.mean(1, keepdim=True)) / (x.var(1, correction=0, keepdim=True) + eps).sqrt()
    y = y * state['ln.weight'] + state['ln.bias']

    def conv(name: str, channel: int, values: Tensor) -> Tensor:
        weight = state[f'{name}.weight'][channel, 0]
        padded = F.pad(values, (len(weight) // 2,) * 2)
        return padded.unfold(-1, len(weight), 1) @ weight + state[f'{name}.bias'][channel]

    rows = []
    for c in range(width):
        row = y[:, c]
        whole = conv('global_fc', c, row.mean(-1, keepdim=True)).clamp(min=0)
        wide = conv('convw', c, row) + conv('convkw', c, row)
        if isinstance(layer, DynELayer):
            wide = wide.clamp(min=0)
        rows.append(conv('fc', c, row) * whole + wide * conv('psi', c, row) + row)
    x = x * mask + state['drop_path_out.scale'] * torch.stack(rows, 1)
    z = F.group_norm(x, layer.gn.num_groups, state['gn.weight'], state['gn.bias'], eps)
    z = F.conv1d(z, state['mlp.0.weight'], state['mlp.0.bias'])
    z = F.conv1d(F.gelu(z), state['mlp.2.weight'], state['mlp.2.bias'])
    return x + state['drop_path_mlp.scale'] * z


@pytest.mark.parametrize('kind', [SGPLayer, DynELayer])
@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize(('window', 'ratio', 'wide'), [(1, 5.0, 11), (3, 1.5, 7), (1, 1.5, 3)])
def test_it_equals_its_formula(
    kind: type[SGPLayer], stride: int, window: int, ratio: float, wide: int
) -> None:
    layer = kind(8, window, stride, ratio, 12, drop_path_rate=0.1, num_groups=2, norm_eps=1e-2)
    assert layer.convkw.weight.shape == (8, 1, wide)
    randomise(layer)
    layer.eval()
    x = torch.randn(2, 8, 16, generator=torch.Generator().manual_seed(0))
    mask = torch.arange(16) < torch.tensor([[[11]], [[16]]])
    found, found_mask = layer(x, mask)
    assert torch.equal(found_mask, mask[..., ::stride])
    torch.testing.assert_close(found, restated(x, mask, layer), atol=1e-5, rtol=1e-5)


def test_an_even_window_is_refused() -> None:
    with pytest.raises(ValueError, match='window must be odd and positive, got 4'):
        SGPLayer(16, 4)
