"""Contract: batch norm over all processes equals that of one process with all rows."""

from pathlib import Path

import torch
from torch import Tensor, nn

from mmvideomae.models.layers import SharedBatchNorm1d
from tests.support.processes import in_processes

SPLIT = (5, 3)


def batches() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [3 + 2 * torch.randn(8, 4, generator=generator) for _ in range(3)]


def trained(norm: nn.Module, parts: list[Tensor]) -> dict[str, Tensor]:
    """Train on all batches; return gradients of a loss summed over rows, and running statistics."""
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 0.5, 2, 1]))
    grads, outputs = [], []
    for part in parts:
        part = part.clone().requires_grad_()
        outputs.append(norm(part))
        (outputs[-1] ** 3).sum().backward()
        grads.append(part.grad)
    return {
        'input': torch.cat(grads),
        'output': torch.cat(outputs).detach(),
        'weight': norm.weight.grad,
        'bias': norm.bias.grad,
        **{name: value.clone() for name, value in norm.named_buffers()},
    }


def own_rows(rank: int) -> dict[str, Tensor]:
    return trained(SharedBatchNorm1d(4), [batch.split(SPLIT)[rank] for batch in batches()])


def test_processes_of_unequal_batches_are_one(tmp_path: Path) -> None:
    expected = trained(nn.BatchNorm1d(4), batches())
    found = in_processes(2, own_rows, tmp_path)
    for name in ('input', 'output'):
        parts = [
            torch.cat(rows)
            for rows in zip(
                *(f[name].split(n) for f, n in zip(found, SPLIT, strict=True)), strict=True
            )
        ]
        torch.testing.assert_close(torch.cat(parts), expected[name], rtol=1e-5, atol=2e-5)
    for name in ('weight', 'bias'):
        torch.testing.assert_close(
            sum(f[name] for f in found), expected[name], rtol=1e-5, atol=1e-5
        )
    for name in ('running_mean', 'running_var', 'num_batches_tracked'):
        for each in found:
            torch.testing.assert_close(each[name], expected[name], rtol=0, atol=1e-6)


def test_is_torchs_own_in_one_process() -> None:
    expected = trained(nn.BatchNorm1d(4), batches())
    for name, value in trained(SharedBatchNorm1d(4), batches()).items():
        assert torch.equal(value, expected[name]), name
    assert SharedBatchNorm1d(4).state_dict().keys() == nn.BatchNorm1d(4).state_dict().keys()
