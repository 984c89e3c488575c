"""Contract: codes are the nearest entries, which are moving averages of their inputs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmvideomae.models.tokenizers import MovingAverageQuantizer
from tests.support.processes import in_processes

CODES, DIMS = 6, 3


def build(**settings: Any) -> MovingAverageQuantizer:
    torch.manual_seed(0)
    return MovingAverageQuantizer(CODES, DIMS, **settings).train()


def batches(count: int, size: int = 40, seed: int = 1) -> list[torch.Tensor]:
    """Vectors about four places, and later about two, so that some codes starve."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(4, DIMS, generator=generator) * 3
    picks = torch.randint(4, (count, size), generator=generator)
    picks[count // 2 :] %= 2
    return list(centres[picks] + 0.1 * torch.randn(count, size, DIMS, generator=generator))


def nearest(codebook: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return np.array([np.square(codebook - vector).sum(1).argmin() for vector in vectors])


def test_codes_are_the_nearest_and_of_equal_ones_the_first() -> None:
    quantizer = build().eval()
    vectors = torch.randn(50, DIMS)
    expected = nearest(quantizer.codebook.numpy(), vectors.numpy())
    assert quantizer.nearest(vectors).tolist() == expected.tolist()
    quantizer.codebook[4] = quantizer.codebook[2]
    assert quantizer.nearest(quantizer.codebook[4:5]).item() == 2


def test_the_codebook_is_restated_step_by_step() -> None:
    decay, dead_share, seed = 0.7, 0.3, 5
    quantizer = build(decay=decay, dead_share=dead_share, seed=seed)
    codebook = counts = sums = None
    revived = 0
    for step, batch in enumerate(batches(12)):
        found = quantizer(batch)
        vectors = batch.double().numpy()
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        drawn = vectors[torch.randperm(len(vectors), generator=generator)[:CODES].numpy()]
        share = len(vectors) / CODES
        if codebook is None:
            codebook, counts, sums = drawn.copy(), np.full(CODES, share), drawn * share
        codes = nearest(codebook, vectors)
        assert found.codes.tolist() == codes.tolist()
        errors = np.square(vectors - codebook[codes])
        assert found.commitment.item() == pytest.approx(errors.mean(), rel=1e-5)
        shares = np.bincount(codes, minlength=CODES) / len(codes)
        entropy = -sum(p * np.log(p) for p in shares if p)
        assert found.perplexity.item() == pytest.approx(np.exp(entropy), rel=1e-5)
        counts = decay * counts + (1 - decay) * np.bincount(codes, minlength=CODES)
        for code in range(CODES):
            sums[code] = decay * sums[code] + (1 - decay) * vectors[codes == code].sum(0)
        codebook = sums / counts[:, None]
        dead = counts < dead_share * share
        assert found.used.item() == pytest.approx(1 - dead.mean())
        revived += dead.sum()
        codebook[dead], sums[dead], counts[dead] = drawn[dead], drawn[dead] * share, share
        np.testing.assert_allclose(quantizer.codebook, codebook, atol=1e-5)
        np.testing.assert_allclose(quantizer.counts, counts, atol=1e-5)
    assert revived > 0


def test_dead_codes_come_back_where_vectors_are() -> None:
    quantizer = build(decay=0.5)
    first, second = batches(2)
    quantizer(first)
    quantizer.codebook[1:] = 1e3  # so far away that only code 0 is nearest to anything
    for _ in range(8):
        quantizer(second)
    distances = torch.cdist(quantizer.codebook, second).amin(1)
    assert distances.max() < 1 and quantizer.counts.min() > 0


def test_gradients_go_straight_through_and_commit() -> None:
    quantizer = build()
    vectors = batches(1)[0].requires_grad_()
    found = quantizer(vectors)
    away = torch.randn_like(vectors)
    given = torch.autograd.grad((found.vectors * away).sum(), vectors, retain_graph=True)[0]
    assert torch.equal(given, away)
    pulled = torch.autograd.grad(found.commitment, vectors)[0]
    expected = 2 * (vectors - found.vectors).detach() / vectors.numel()
    torch.testing.assert_close(pulled, expected)
    assert list(quantizer.parameters()) == []


def test_evaluation_changes_nothing() -> None:
    quantizer = build()
    first, second = batches(2)
    quantizer(first)
    before = {key: value.clone() for key, value in quantizer.state_dict().items()}
    found = quantizer.eval()(second.view(2, 20, DIMS))
    assert found.codes.shape == (2, 20) and found.vectors.shape == (2, 20, DIMS)
    assert torch.equal(found.vectors, quantizer.codebook[found.codes])
    assert all(torch.equal(value, before[key]) for key, value in quantizer.state_dict().items())


def test_a_resumed_run_goes_on_bit_for_bit() -> None:
    whole, first = build(dead_share=0.3), build(dead_share=0.3)
    for batch in batches(12):
        whole(batch)
    for batch in batches(12)[:5]:
        first(batch)
    torch.manual_seed(9)
    second = MovingAverageQuantizer(CODES, DIMS, dead_share=0.3)
    second.load_state_dict(first.state_dict())
    for batch in batches(12)[5:]:
        second(batch)
    expected = whole.state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in second.state_dict().items())


def test_two_processes_are_one_with_the_union(tmp_path: Path) -> None:
    def train(rank: int | None) -> dict[str, torch.Tensor]:
        quantizer = build(decay=0.7, dead_share=0.3)
        for batch in batches(8):
            # Shares of different sizes.
            found = quantizer(batch if rank is None else (batch[:25], batch[25:])[rank])
        return {
            **quantizer.state_dict(),
            'perplexity': found.perplexity,
            'used': found.used,
        }

    expected = train(None)
    for found in in_processes(2, train, tmp_path):
        for key, value in found.items():
            torch.testing.assert_close(value, expected[key], atol=1e-5, rtol=1e-6, msg=key)
