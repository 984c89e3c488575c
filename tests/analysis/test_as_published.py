"""Computing as the released code costs more, gives the same result, and ends with the block."""

from typing import Any

import torch
from mmengine.registry import DefaultScope

from mmvideomae.analysis.as_published import as_published
from mmvideomae.analysis.operation_counter import operation_counter
from mmvideomae.registry import MODELS
from tests.support.models import tiny_videomae
from tests.support.weights import randomise


def test_the_same_reconstruction_at_the_released_codes_cost() -> None:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        model: Any = MODELS.build(tiny_videomae())
    randomise(model)
    model.eval()
    clips = torch.randn(1, 3, 4, 32, 32)
    grid = model.target.grid(4, 32, 32)
    mask = torch.arange(grid[0] * grid[1] * grid[2])[None] % 4 > 0

    def counted() -> tuple[torch.Tensor, int]:
        with torch.no_grad(), operation_counter() as counter:
            pred = model.reconstruct(clips, mask).pred
        return pred, counter.get_total_flops()

    ours, less = counted()
    with as_published(model):
        theirs, more = counted()
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    assert more > less
    again, after = counted()
    assert after == less and torch.equal(again, ours)
