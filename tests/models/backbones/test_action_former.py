"""Protects ActionFormer's encoder: a restatement of it, its pyramid, positions and padding."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mmvideomae.models.backbones import ActionFormerBackbone
from tests.support.weights import randomise

State = dict[str, Tensor]


def tiny(**changes: Any) -> ActionFormerBackbone:
    settings: dict[str, Any] = {
        'in_channels': 6,
        'embed_dims': 8,
        'num_heads': 2,
        'arch': (2, 1, 2),
        'windows': (5, 3, 0),
        'max_seq_len': 64,
    }
    backbone = ActionFormerBackbone(**(settings | changes))
    randomise(backbone)
    return backbone.eval()


def norm(x: Tensor, state: State, name: str) -> Tensor:
    """Over the channels of each step."""
    mean = x.mean(1, keepdim=True)
    variance = (x - mean).square().mean(1, keepdim=True)
    normed = (x - mean) / (variance + 1e-5).sqrt()
    return normed * state[f'{name}.weight'] + state[f'{name}.bias']


def linear(x: Tensor, state: State, name: str) -> Tensor:
    return F.conv1d(x, state[f'{name}.weight'], state[f'{name}.bias'])


def restated_block(
    x: Tensor, valid: Tensor, state: State, name: str, window: int, stride: int, heads: int
) -> tuple[Tensor, Tensor]:
    """One sample (1, C, L) with dense attention under a band mask; valid (L,)."""
    channels = x.shape[1]
    out_valid = valid[::stride]
    normed = norm(x, state, f'{name}.ln1')
    parts = []
    for part in ('query', 'key', 'value'):
        kernel = state[f'{name}.attn.{part}_conv.conv.weight']
        made = F.conv1d(normed, kernel, stride=stride, padding=1, groups=channels) * out_valid
        made = linear(norm(made, state, f'{name}.attn.{part}_norm'), state, f'{name}.attn.{part}')
        parts.append(made[0].reshape(heads, channels // heads, -1).transpose(1, 2))
    query, key, value = parts
    scores = query @ key.transpose(1, 2) * (channels // heads) ** -0.5
    steps = torch.arange(len(out_valid))
    band = (steps[:, None] - steps).abs() <= window // 2 if window > 1 else True
    hidden = ~(out_valid & band)
    weights = scores.masked_fill(hidden, -1e4).softmax(-1) * out_valid[:, None]
    out = (weights @ value).transpose(1, 2).reshape(1, channels, -1)
    out = linear(out, state, f'{name}.attn.proj') * out_valid
    skip = F.max_pool1d(x, 3, 2, 1) if stride == 2 else x
    x = skip * out_valid + out * state[f'{name}.drop_path_attn.scale']
    hidden_units = F.gelu(linear(norm(x, state, f'{name}.ln2'), state, f'{name}.mlp.0'))
    out = linear(hidden_units, state, f'{name}.mlp.3') * out_valid
    return x + out * state[f'{name}.drop_path_mlp.scale'], out_valid


def restated(backbone: ActionFormerBackbone, x: Tensor, valid: Tensor) -> list[Tensor]:
    """The whole encoder on one sample, from its weights."""
    state = dict(backbone.state_dict())
    for number in range(2):
        x = F.conv1d(x, state[f'embd.{number}.conv.weight'], padding=1) * valid
        x = norm(x, state, f'embd_norm.{number}').relu()
    x, valid = restated_block(x, valid, state, 'stem.0', backbone.windows[0], 1, 2)
    outs = [x]
    for level in (1, 2):
        window = backbone.windows[level]
        x, valid = restated_block(x, valid, state, f'branch.{level - 1}', window, 2, 2)
        outs.append(x)
    return outs


@pytest.mark.parametrize('windows', [(5, 3, 0), (19, 19, 19), (2, 1, -1)])
def test_the_encoder_equals_its_restatement_on_ragged_batches(windows: tuple[int, ...]) -> None:
    backbone = tiny(windows=windows)
    lengths = torch.tensor([64, 37, 4])
    mask = torch.arange(64) < lengths[:, None, None]
    x = torch.randn(3, 6, 64, generator=torch.Generator().manual_seed(0)) * mask
    with torch.no_grad():
        outs, masks = backbone(x, mask)
        for row in range(3):
            expected = restated(backbone, x[row : row + 1], mask[row, 0])
            for level, (out, other) in enumerate(zip(outs, expected, strict=True)):
                assert torch.allclose(out[row], other[0], atol=1e-4)
                assert masks[level][row, 0].tolist() == mask[row, 0, :: 2**level].tolist()


def test_the_published_pyramids_need_lengths_of_576_and_96_steps() -> None:
    with torch.device('meta'):
        thumos = ActionFormerBackbone(2048)
        fineaction = ActionFormerBackbone(1408, 256, windows=(7, 7, 7, 7, 7, -1))
    assert thumos.strides == [1, 2, 4, 8, 16, 32]
    assert (thumos.length_divisor, fineaction.length_divisor) == (576, 96)


def test_positions_are_added_where_steps_are_real_and_stretched_beyond_the_table() -> None:
    plain, placed = tiny(arch=(0, 0, 0), windows=5), tiny(arch=(0, 0, 0), windows=5)
    placed.use_abs_pe = True
    placed.max_seq_len = 8
    mask = torch.tensor([[[True] * 6 + [False] * 2]])
    x = torch.zeros(1, 8, 8)
    (added,), _ = placed(x, mask)
    assert not added[..., 6:].any() and not plain(x, mask)[0][0].any()
    column, step = 2, 3
    angle = step / 10000 ** (column / 8)
    assert added[0, column, step].item() == pytest.approx(torch.tensor(angle).sin() / 8**0.5)
    longer = torch.zeros(1, 8, 16)
    (stretched,), _ = placed(longer, torch.ones(1, 1, 16, dtype=torch.bool))
    table = placed._positions(x)
    expected = F.interpolate(table, size=16, mode='linear', align_corners=False)
    assert torch.allclose(stretched, expected)
    with pytest.raises(ValueError, match='16 steps in training, but max_seq_len is 8'):
        placed.train()(longer, torch.ones(1, 1, 16, dtype=torch.bool))


def test_input_dropout_takes_whole_channels_in_training_only() -> None:
    backbone = tiny(arch=(0, 0, 0), windows=5, input_drop_rate=0.5)
    x, mask = torch.ones(4, 6, 10), torch.ones(4, 1, 10, dtype=torch.bool)
    assert torch.equal(backbone(x, mask)[0][0], x)
    torch.manual_seed(0)
    (dropped,), _ = backbone.train()(x, mask)
    assert {tuple(channel.unique().tolist()) for row in dropped for channel in row} == {(0,), (2,)}


def test_windows_must_be_one_for_each_level() -> None:
    with pytest.raises(ValueError, match='3 levels need as many windows'):
        tiny(windows=(5, 5))
    with pytest.raises(ValueError, match='does not divide into 3 heads'):
        tiny(num_heads=3)


@pytest.mark.parametrize('cleared', [True, False])
def test_cleared_padding_is_like_the_end_of_the_sequence(cleared: bool) -> None:
    torch.manual_seed(0)
    net = ActionFormerBackbone(3, 8, 2, arch=(2, 0, 0), windows=1, clear_padding=cleared).eval()
    for norm in net.embd_norm:
        torch.nn.init.ones_(norm.bias)  # what padding becomes unless it is cleared
    mask = (torch.arange(8) < 5)[None, None]
    x = torch.randn(1, 3, 8) * mask
    (padded,), (short,) = net(x, mask)[0], net(x[..., :5], mask[..., :5])[0]
    assert torch.allclose(padded[..., :5], short, atol=1e-6) == cleared
