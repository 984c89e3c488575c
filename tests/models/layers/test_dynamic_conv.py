"""Protects DyFADet's dynamic convolutions: equal to slow restatements, and blind to padding."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmvideomae.models.layers.dynamic_conv import (
    ChannelGates,
    DynamicConv,
    Gate,
    GatedWeights,
    LevelMixer,
    rectified_tanh,
)
from tests.support.weights import randomise

CHANNELS, WIDTH, LENGTH = 4, 6, 8
State = dict[str, Tensor]


def randomised(module: nn.Module) -> nn.Module:
    """With random weights, and gates of which most are open."""
    randomise(module)
    for gate in (each for each in module.modules() if isinstance(each, Gate)):
        nn.init.ones_(gate.gate_conv.bias)
    return module


def ge_re_tanh(value: float, tau: float) -> float:
    return max(0.0, (math.tanh(value - tau) + math.tanh(tau)) / (1 + math.tanh(tau)))


def normalised(x: Tensor, state: State, name: str) -> Tensor:
    """A layer norm of the vector of one step."""
    x = (x - x.mean()) / (x.var(correction=0) + 1e-5).sqrt()
    return x * state[f'{name}.weight'].flatten() + state[f'{name}.bias'].flatten()


def window(x: Tensor, step: int, size: int) -> Tensor:
    """(C, size), the steps around one, 0 beyond the sequence."""
    places = range(step - size // 2, step + size // 2 + 1)
    inside = [0 <= place < x.shape[1] for place in places]
    columns = [x[:, p] if ok else x[:, 0] * 0 for p, ok in zip(places, inside, strict=True)]
    return torch.stack(columns, 1)


def of(state: State, part: str) -> State:
    start = f'{part}.'
    return {key.removeprefix(start): v for key, v in state.items() if key.startswith(start)}


def restated(x: Tensor, mask: Tensor, state: State, kernel: int, tau: float) -> Tensor:
    """One sequence (C, L), one step at a time."""
    length = x.shape[1]
    taps = torch.stack([window(x, step, kernel) for step in range(length)], 2)  # (C, k, L)
    flat = taps.reshape(-1, length)  # channel by channel
    out = torch.zeros(len(state['conv.bias']), length)
    for step in (step for step in range(length) if mask[step]):
        here = taps[:, :, step]
        if 'kernel_conv.gate_conv.weight' in state:
            weight, bias = (state[f'kernel_conv.gate_conv.{leaf}'] for leaf in ('weight', 'bias'))
            gates = [
                ge_re_tanh((here[c] @ weight[c, 0] + bias[c]).item(), tau) for c in range(len(x))
            ]
            weights = here * torch.tensor(gates)[:, None]
        else:
            near = window(flat, step, kernel)
            weight = state['kernel_conv.convs.0.weight']
            mixed = (weight * near).sum((1, 2)) + state['kernel_conv.convs.0.bias']
            mixed = normalised(mixed, state, 'kernel_conv.convs.1')
            score = (state['kernel_conv.gate.gate_conv.weight'][0] * near).sum()
            gate = ge_re_tanh((score + state['kernel_conv.gate.gate_conv.bias'][0]).item(), tau)
            weights = (mixed * gate)[:, None]
        weighted = (here * weights).reshape(-1)
        summed = state['conv.weight'][:, :, 0] @ weighted + state['conv.bias']
        out[:, step] = normalised(summed, state, 'norm')
    return out


def random_levels(*lengths: int) -> tuple[list[Tensor], list[Tensor]]:
    generator = torch.Generator().manual_seed(1)
    feats = [torch.randn(2, CHANNELS, length, generator=generator) for length in lengths]
    masks = [
        torch.arange(lengths[0])[:: lengths[0] // length] < torch.tensor([[[5]], [[lengths[0]]]])
        for length in lengths
    ]
    return feats, masks


def test_the_gate_starts_at_zero_and_ends_at_one() -> None:
    x = torch.tensor([-40.0, -1.0, 0.0, 0.5, 1.5, 40.0])
    found = rectified_tanh(x, 1.5)
    assert found.tolist() == pytest.approx([ge_re_tanh(value, 1.5) for value in x.tolist()])
    assert found[:3].tolist() == [0, 0, 0] and found[-1] == 1
    assert found[4].item() == pytest.approx(math.tanh(1.5) / (1 + math.tanh(1.5)))


@pytest.mark.parametrize('weights', [ChannelGates, GatedWeights])
@pytest.mark.parametrize(('kernel', 'tau'), [(3, 1.5), (5, 0.7)])
def test_it_equals_its_formula(weights: Any, kernel: int, tau: float) -> None:
    layer = randomised(DynamicConv(CHANNELS, WIDTH, weights, kernel, tau))
    (x,), (mask,) = random_levels(LENGTH)
    found = layer(x, mask)
    assert found.shape == (2, WIDTH, LENGTH) and not found[0, :, 5:].any()
    for row in range(2):
        wanted = restated(x[row], mask[row, 0], layer.state_dict(), kernel, tau)
        torch.testing.assert_close(found[row], wanted, atol=1e-5, rtol=1e-5)


def mixed_by_hand(feats: list[Tensor], masks: list[Tensor], mixer: nn.Module) -> list[Tensor]:
    """Level by level, sample by sample."""
    state = mixer.state_dict()
    finer, coarser = (of(state, f'dynamic_convs.{number}') for number in range(2))
    outs = []
    for level, x in enumerate(feats):
        rows = []
        for row in range(len(x)):
            total = torch.zeros_like(x[row])
            if level > 0:
                source = feats[level - 1][row], masks[level - 1][row, 0]
                total = total + restated(*source, finer, 3, 1.5)[:, ::2]
            if level + 1 < len(feats):
                source = feats[level + 1][row], masks[level + 1][row, 0]
                total = total + restated(*source, coarser, 3, 1.5).repeat_interleave(2, 1)
            total = total * state['scale_weight'] + x[row] * state['output_weight']
            depth = restated(total, masks[level][row, 0], of(state, 'depth_module'), 3, 1.5)
            rows.append(depth.clamp(min=0))
        outs.append(torch.stack(rows))
    return outs


def test_levels_are_mixed_with_both_neighbours() -> None:
    mixer = LevelMixer(CHANNELS, WIDTH)
    assert (mixer.scale_weight.item(), mixer.output_weight.item()) == (0, 1)
    randomised(mixer)
    feats, masks = random_levels(LENGTH, LENGTH // 2, LENGTH // 4)
    for one, other in zip(mixer(feats, masks), mixed_by_hand(feats, masks, mixer), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_at_first_levels_are_on_their_own_and_soon_they_are_not() -> None:
    mixer = randomised(LevelMixer(CHANNELS, WIDTH))
    nn.init.zeros_(mixer.scale_weight)
    feats, masks = random_levels(LENGTH, LENGTH // 2)
    for level in range(2):
        (alone,) = mixer(feats[level : level + 1], masks[level : level + 1])
        torch.testing.assert_close(mixer(feats, masks)[level], alone)
    sum(x.square().sum() for x in mixer(feats, masks)).backward()
    assert mixer.scale_weight.grad.any()
    assert not any(p.grad.any() for p in mixer.dynamic_convs.parameters())
    mixer.zero_grad()
    nn.init.ones_(mixer.scale_weight)
    sum(x.square().sum() for x in mixer(feats, masks)).backward()
    assert all(p.grad.any() for p in mixer.parameters())


def test_gradients_are_those_of_finite_differences() -> None:
    torch.manual_seed(0)
    mixer = randomised(LevelMixer(2, 3).double())
    feats = [torch.randn(1, 2, length, dtype=torch.float64) for length in (6, 3)]
    masks = [torch.ones(1, 1, length, dtype=torch.bool) for length in (6, 3)]
    inputs = tuple(x.requires_grad_() for x in feats)
    assert torch.autograd.gradcheck(lambda *levels: tuple(mixer(list(levels), masks)), inputs)


def test_an_even_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match='kernel_size must be odd and positive, got 4'):
        DynamicConv(CHANNELS, WIDTH, ChannelGates, 4)
