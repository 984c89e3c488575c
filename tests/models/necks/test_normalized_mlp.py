"""Contract: the projector and predictor of MoCo v3 have its layers and parameters."""

import pytest
import torch

from mmvideomae.models.necks import NormalizedMLP


def test_the_parameters_are_those_of_moco_v3() -> None:
    projector, predictor = NormalizedMLP(768), NormalizedMLP(256, num_layers=2)
    widths = {
        projector: [(768, 4096), (4096, 4096), (4096, 256)],
        predictor: [(256, 4096), (4096, 256)],
    }
    for mlp, pairs in widths.items():
        weights = sum(a * b for a, b in pairs)
        norms = sum(2 * b for _, b in pairs[:-1])  # the last has no parameters
        assert sum(p.numel() for p in mlp.parameters()) == weights + norms


def test_features_are_normalised_over_the_batch() -> None:
    out = NormalizedMLP(8, 16, 4)(torch.randn(32, 8))
    assert out.shape == (32, 4)
    torch.testing.assert_close(out.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.var(0, correction=0), torch.ones(4), atol=1e-2, rtol=0)


def test_no_layers_are_refused() -> None:
    with pytest.raises(ValueError, match='num_layers must be positive, got 0'):
        NormalizedMLP(8, num_layers=0)
