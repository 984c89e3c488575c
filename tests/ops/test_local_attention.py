"""Protects local attention: dense attention under a band mask, with memory linear in length."""

import pytest
import torch
from torch import Tensor

from mmvideomae.analysis.measurement import watch_allocation
from mmvideomae.ops.local_attention import attend, attend_locally


def dense(q: Tensor, k: Tensor, v: Tensor, valid: Tensor, window: int | None) -> Tensor:
    """All scores, a mask as the definition has it, and a softmax."""
    length = q.shape[2]
    steps = torch.arange(length)
    band = torch.ones(length, length, dtype=torch.bool)
    if window is not None:
        band = (steps[:, None] - steps[None, :]).abs() <= window // 2
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    hidden = ~(band & valid[:, None, None, :])
    weights = scores.masked_fill(hidden, -1e4).softmax(-1)
    return (weights * valid[:, None, :, None]) @ v


def random_inputs(lengths: list[int], longest: int) -> tuple[list[Tensor], Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (len(lengths), 2, longest, 8)
    parts = [torch.randn(shape, generator=generator, requires_grad=True) for _ in range(3)]
    return parts, torch.arange(longest) < torch.tensor(lengths)[:, None]


@pytest.mark.parametrize('window', [1, 2, 7, 19, 100, 500])
@pytest.mark.parametrize(
    ('lengths', 'longest'),
    [([1, 1], 1), ([50, 17], 50), ([230, 3, 64], 230), ([64, 0], 64), ([128], 192)],
)
def test_local_attention_equals_a_band_mask_and_so_do_its_gradients(
    window: int, lengths: list[int], longest: int
) -> None:
    parts, valid = random_inputs(lengths, longest)
    weight = torch.randn(parts[0].shape, generator=torch.Generator().manual_seed(1))
    results = []
    for function in (attend_locally, dense):
        out = function(*parts, valid, window)
        results.append([out, *torch.autograd.grad((out * weight).sum(), parts)])
    for ours, expected in zip(*results, strict=True):
        assert torch.allclose(ours, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize('lengths', [[40, 17], [40, 0]])
def test_global_attention_leaves_out_padding(lengths: list[int]) -> None:
    parts, valid = random_inputs(lengths, 40)
    ours, expected = attend(*parts, valid), dense(*parts, valid, None)
    assert torch.allclose(ours, expected, atol=1e-5)
    gradients = torch.autograd.grad(ours.square().sum(), parts)
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)


def peak_of(length: int, local: bool) -> int:
    """Bytes at most held in a forward and backward pass, window 19."""
    parts = [torch.randn(1, 1, length, 32, requires_grad=True) for _ in range(3)]
    valid = torch.ones(1, length, dtype=torch.bool)
    band = None if local else torch.ones(length, length, dtype=torch.bool).tril(9).triu(-9)

    def run() -> None:
        if local:
            out = attend_locally(*parts, valid, 19)
        else:
            out = torch.nn.functional.scaled_dot_product_attention(*parts, attn_mask=band)
        out.sum().backward()

    return watch_allocation(run, torch.device('cpu'))[1].peak


def test_memory_is_linear_and_at_9216_steps_at_most_a_third_of_dense() -> None:
    # Dense is PyTorch's own fused kernel, which keeps no scores; its mask is not counted.
    peak = peak_of(9216, local=True)
    assert peak * 3 <= peak_of(9216, local=False)
    assert peak <= 4.5 * peak_of(2304, local=True)


def test_an_empty_window_is_refused() -> None:
    parts, valid = random_inputs([4], 4)
    with pytest.raises(ValueError, match='at least one step, got 0'):
        attend_locally(*parts, valid, 0)
