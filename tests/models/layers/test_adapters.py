"""Contract: adapted blocks equal the formulas of their papers, and change nothing at first."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers.adapters import AIM, AdaptFormer, STAdapter
from mmvideomae.models.layers.temporal_adapter import TIA
from mmvideomae.models.layers.transformer import Block
from mmvideomae.registry import MODELS
from tests.support.models import tiny_vit

CLIPS = torch.randn(2, 3, 4, 32, 32, generator=torch.Generator().manual_seed(0))
GRID = (2, 2, 3)
METHODS = [
    STAdapter(hidden_dims=6, twice=True),
    STAdapter(hidden_dims=6, kernel=(3, 3, 3)),
    AIM(ratio=0.5, scale=0.7, before=True),
    AIM(),
    AdaptFormer(hidden_dims=6),
    TIA(ratio=0.75),
    TIA(ratio=0.75, kernel=5),
]


def block(with_cp: bool = False) -> Block:
    torch.manual_seed(0)
    return Block(8, 2, init_values=0.5, with_cp=with_cp)


def adapted(method: Any, with_cp: bool = False) -> Any:
    """A block with adapters that do something."""
    made = method.adapted(block(with_cp)).eval()
    made.grid = GRID
    for name, values in made.named_parameters():
        if 'adapter' in name:
            nn.init.normal_(values, std=0.3)
    return made


def st_adapter(x: Tensor, part: Any) -> Tensor:
    """x + up(convolution over (t, h, w) of each channel (down(x)))."""
    down = F.linear(x, part.down.weight, part.down.bias)
    volume = down.reshape(len(x), *GRID, -1).permute(0, 4, 1, 2, 3)
    padding = tuple(size // 2 for size in part.conv.weight.shape[2:])
    volume = F.conv3d(volume, part.conv.weight, part.conv.bias, 1, padding, 1, len(down[0, 0]))
    up = volume.permute(0, 2, 3, 4, 1).reshape(down.shape)
    return x + F.linear(up, part.up.weight, part.up.bias)


def bottleneck(x: Tensor, part: Any, act: Any = F.gelu) -> Tensor:
    down = act(F.linear(x, part.down.weight, part.down.bias))
    return F.linear(down, part.up.weight, part.up.bias)


def temporal_adapter(x: Tensor, part: Any) -> Tensor:
    """x + gamma * up(a + 1 x 1 convolution(convolution of each channel along time(a)))."""
    a = F.gelu(F.linear(x, part.down.weight, part.down.bias))
    places, width = GRID[1] * GRID[2], a.shape[-1]
    mixed = torch.zeros_like(a)
    for place in range(places):
        series = a[:, place::places].transpose(1, 2)
        kernel = part.depthwise.weight.shape[-1]
        series = F.conv1d(
            series, part.depthwise.weight, part.depthwise.bias, 1, kernel // 2, 1, width
        )
        series = F.conv1d(series, part.pointwise.weight, part.pointwise.bias)
        mixed[:, place::places] = series.transpose(1, 2)
    return x + part.gamma * F.linear(a + mixed, part.up.weight, part.up.bias)


def restated(x: Tensor, made: Any, method: Any) -> Tensor:
    if isinstance(method, STAdapter):
        if method.twice:
            x = st_adapter(x, made.adapter_1)
        x = x + made.gamma_1 * made.attn(made.norm1(x))
        x = st_adapter(x, made.adapter_2)
        return x + made.gamma_2 * made.mlp(made.norm2(x))
    if isinstance(method, TIA):
        x = x + made.gamma_1 * made.attn(made.norm1(x))
        return temporal_adapter(x + made.gamma_2 * made.mlp(made.norm2(x)), made.adapter)
    if isinstance(method, AdaptFormer):
        x = x + made.gamma_1 * made.attn(made.norm1(x))
        beside = 0.1 * bottleneck(x, made.adapter_mlp, F.relu)
        return x + made.gamma_2 * made.mlp(made.norm2(x)) + beside
    moved = torch.zeros_like(x)
    places = GRID[1] * GRID[2]
    for place in range(places):
        line = made.norm1(x)[:, place::places]  # one place at all times
        if method.before:
            line = line + bottleneck(line, made.adapter_before)
        moved[:, place::places] = bottleneck(made.attn(line), made.adapter_time)
    x = x + moved
    y = made.attn(made.norm1(x))
    x = x + made.gamma_1 * (y + bottleneck(y, made.adapter_space))
    z = made.norm2(x)
    return x + made.gamma_2 * made.mlp(z) + method.scale * bottleneck(z, made.adapter_mlp)


@pytest.mark.parametrize('method', METHODS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize('with_cp', [False, True])
def test_blocks_equal_the_formulas(method: Any, with_cp: bool) -> None:
    made = adapted(method, with_cp)
    x = torch.randn(3, 12, 8)
    torch.testing.assert_close(made(x), restated(x, made, method), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('method', METHODS, ids=lambda each: type(each).__name__)
def test_nothing_changes_at_first_but_everything_can_learn(method: Any) -> None:
    settings = {**vars(method), 'type': type(method).__name__}
    torch.manual_seed(0)
    plain = MODELS.build(tiny_vit('avg')).eval()
    torch.manual_seed(0)
    tuned = MODELS.build({**tiny_vit('avg'), 'peft': settings}).eval()
    tuned.load_state_dict(plain.state_dict(), strict=False)
    torch.testing.assert_close(tuned(CLIPS), plain(CLIPS))
    optimizer = torch.optim.SGD([each for each in tuned.parameters() if each.requires_grad], 1)
    for _ in range(3):
        optimizer.zero_grad()
        tuned(CLIPS).square().sum().backward()
        optimizer.step()
    dead = [
        name
        for name, values in tuned.named_parameters()
        if values.requires_grad and not values.grad.any()
    ]
    assert dead == []


def test_the_grid_is_that_of_the_clips_not_of_the_config() -> None:
    torch.manual_seed(0)
    tuned = MODELS.build({**tiny_vit(), 'peft': {'type': 'STAdapter', 'hidden_dims': 6}})
    assert tuned(CLIPS[:, :, :2, :24]).shape == (2, 1 * 3 * 4, 32)
    assert {each.grid for each in tuned.blocks} == {(1, 3, 4)}
    with pytest.raises(ValueError, match='all tokens'):
        tuned(CLIPS, torch.zeros(2, 3, dtype=torch.int64))


def test_rotary_positions_suit_all_methods_but_aim() -> None:
    vit = {
        'type': 'VJEPA2ViT', 'arch': {'embed_dims': 32, 'depth': 1, 'num_heads': 2},
        'img_size': 32, 'patch_size': 8, 'num_frames': 4,
    }  # fmt: skip
    for kind in ('LoRA', 'STAdapter', 'AdaptFormer', 'TIA'):
        assert MODELS.build({**vit, 'peft': {'type': kind}})(CLIPS).shape == (2, 32, 32)
    with pytest.raises(ValueError, match='without rotary positions'):
        MODELS.build({**vit, 'peft': {'type': 'AIM'}})(CLIPS)
