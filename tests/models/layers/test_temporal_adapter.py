"""Contract: temporal adapters cross the clips of a window, whatever clips are passed together."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers.temporal_adapter import TIA, TIABlock, through_blocks
from mmvideomae.models.layers.transformer import Block
from mmvideomae.registry import MODELS
from tests.support.models import tiny_vit

GRID = (2, 2, 3)
CLIPS, WIDTH = 6, 8


def blocks(**settings: Any) -> nn.ModuleList:
    """Three blocks, the last two with adapters that do something."""
    torch.manual_seed(0)
    holder = nn.Module()
    holder.blocks = nn.ModuleList(Block(WIDTH, 2) for _ in range(3))
    TIA(ratio=0.5, layers=[1, 2], **settings).add_to(holder)
    for name, values in holder.named_parameters():
        if 'adapter' in name:
            nn.init.normal_(values, std=0.3)
    return holder.blocks.double()


def adapted(tokens: Tensor, part: Any) -> Tensor:
    """The adapter on all clips of a window (clips, N, D), of which each place is one series."""
    slots, places = CLIPS * GRID[0], GRID[1] * GRID[2]
    a = F.gelu(F.linear(tokens, part.down.weight, part.down.bias))
    series = a.reshape(slots, places, -1).permute(1, 2, 0)
    kernel = part.depthwise.weight.shape[-1]
    mixed = F.conv1d(
        series, part.depthwise.weight, part.depthwise.bias, 1, kernel // 2, 1, series.shape[1]
    )
    mixed = F.conv1d(mixed, part.pointwise.weight, part.pointwise.bias)
    z = (series + mixed).permute(2, 0, 1).reshape(a.shape)
    return tokens + part.gamma * F.linear(z, part.up.weight, part.up.bias)


def restated(x: Tensor, layers: nn.ModuleList) -> Tensor:
    for block in layers:
        x = x + block.attn(block.norm1(x))
        x = x + block.mlp(block.norm2(x))
        x = adapted(x, block.adapter) if isinstance(block, TIABlock) else x
    return x


def gradients(out: Tensor, layers: nn.ModuleList) -> dict[str, Tensor]:
    (out * torch.linspace(-1, 1, out.numel(), dtype=out.dtype).reshape(out.shape)).sum().backward()
    return {name: values.grad for name, values in layers.named_parameters()}


@pytest.mark.parametrize('kernel', [1, 3, 5])
@pytest.mark.parametrize('together', [1, 2, 4, 6])
def test_any_grouping_equals_the_whole_window(kernel: int, together: int) -> None:
    x = torch.randn(CLIPS, 12, WIDTH, generator=torch.Generator().manual_seed(1)).double()
    one, other = blocks(kernel=kernel), blocks(kernel=kernel)
    expected = restated(x, one)
    groups = list(x.split(together))
    found = torch.cat(through_blocks(other, groups, GRID, lambda call, *args: call(*args)))
    torch.testing.assert_close(found, expected)
    wanted = gradients(expected, one)
    for name, grad in gradients(found, other).items():
        torch.testing.assert_close(grad, wanted[name], msg=name)


def test_a_kernel_wider_than_a_group_is_refused() -> None:
    groups = list(torch.randn(CLIPS, 12, WIDTH).double().split(1))
    with pytest.raises(ValueError, match=r'see 3 slots before and after, .* have only 2'):
        through_blocks(blocks(kernel=7), groups, GRID, lambda call, *args: call(*args))


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'kernel': 4}, 'kernel must be odd and positive, got 4'),
        ({'layers': [1, 2]}, r'TIA has layers \[2\], but the blocks are 0 to 1'),
    ],
)
def test_wrong_settings_are_refused_in_one_line(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        MODELS.build({**tiny_vit(), 'peft': {'type': 'TIA', **settings}})
    assert '\n' not in str(caught.value)


def test_a_backbone_without_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match='Linear has no blocks for TIA'):
        TIA().add_to(nn.Linear(2, 2))


def test_only_the_adapters_and_the_last_norm_learn() -> None:
    vit = MODELS.build({**tiny_vit('avg'), 'peft': {'type': 'TIA', 'layers': [1]}})
    learn = {name for name, values in vit.named_parameters() if values.requires_grad}
    inside = {'gamma', *(f'{part}.{leaf}' for part in ('down', 'depthwise', 'pointwise', 'up')
                         for leaf in ('weight', 'bias'))}  # fmt: skip
    assert learn == {f'blocks.1.adapter.{name}' for name in inside} | {
        'fc_norm.weight',
        'fc_norm.bias',
    }
