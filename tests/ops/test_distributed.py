"""Contract: gradients pass through collectives and are summed over processes."""

from pathlib import Path

import torch

from mmvideomae.ops.distributed import (
    gather_rows,
    mean_over_processes,
    process_count,
    process_rank,
)
from tests.support.processes import in_processes


def gathered(rank: int) -> tuple[torch.Tensor, ...]:
    rows = torch.arange(4.0).reshape(2, 2) + 10 * rank
    rows.requires_grad_()
    everyone = gather_rows(rows)
    # Process r weighs row i of all by (r + 1) * i: all say something of every row.
    weight = (rank + 1) * torch.arange(len(everyone))[:, None]
    (everyone * weight).sum().backward()
    mean = mean_over_processes(torch.tensor([float(rank)]))
    return everyone.detach(), rows.grad, mean, torch.tensor([process_rank(), process_count()])


def test_every_process_has_all_rows_and_the_gradients_of_all(tmp_path: Path) -> None:
    found = in_processes(2, gathered, tmp_path)
    rows = torch.tensor([[0.0, 1], [2, 3], [10, 11], [12, 13]])
    for rank, (everyone, grad, mean, place) in enumerate(found):
        assert torch.equal(everyone, rows)
        ids = torch.tensor([2 * rank, 2 * rank + 1])
        assert torch.equal(grad, (1 + 2) * ids[:, None].expand(2, 2))
        assert mean == 0.5
        assert place.tolist() == [rank, 2]


def test_one_process_keeps_what_it_has() -> None:
    rows = torch.randn(2, 3, requires_grad=True)
    assert gather_rows(rows) is rows
    assert mean_over_processes(torch.tensor(3.0)) == 3
    assert (process_rank(), process_count()) == (0, 1)
