"""Contract: k-NN predicts as scikit-learn's on the same features, and DINO's votes as published."""

import numpy as np
import pytest
import torch

from mmvideomae.ops import neighbours
from mmvideomae.ops.neighbours import class_votes, nearest_neighbours, softmax_votes


def clusters(seed: int, count: int, classes: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Overlapping clouds (n, 6) float32 of several classes, and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    centres = np.random.default_rng(99).normal(size=(classes, 6))
    points = centres[labels] + rng.normal(size=(count, 6))
    return torch.from_numpy(points.astype(np.float32)), torch.from_numpy(labels)


@pytest.mark.parametrize('distance', ['cosine', 'l2'])
@pytest.mark.parametrize('count', [1, 4, 20])
def test_predictions_are_those_of_scikit_learn(
    distance: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sklearn = pytest.importorskip('sklearn.neighbors')
    monkeypatch.setattr(neighbours, '_ENTRIES', 1000)  # several blocks of queries
    (bank, labels), (queries, answers) = clusters(0, 90), clusters(1, 57)
    metric = {'cosine': 'cosine', 'l2': 'euclidean'}[distance]
    theirs = sklearn.KNeighborsClassifier(count, metric=metric, algorithm='brute')
    theirs.fit(bank.double().numpy(), labels.numpy())
    alike, ids = nearest_neighbours(queries, bank, count, distance)
    votes = class_votes(labels[ids], 4).numpy()
    np.testing.assert_array_equal(votes.argmax(1), theirs.predict(queries.double().numpy()))
    np.testing.assert_allclose(
        votes / count, theirs.predict_proba(queries.double().numpy()), atol=1e-12
    )
    distances, _ = theirs.kneighbors(queries.double().numpy())
    ours = 1 - alike if distance == 'cosine' else -alike
    np.testing.assert_allclose(ours.numpy(), distances, atol=1e-7)
    assert 0.3 < (votes.argmax(1) == answers.numpy()).mean() < 1  # neither chance nor trivial


def test_the_votes_of_dino_share_one_softmax_over_the_most_neighbours() -> None:
    (bank, labels), (queries, _) = clusters(0, 90), clusters(1, 7)
    alike, ids = nearest_neighbours(queries, bank, 20)
    votes = class_votes(labels[ids][:, :5], 4, softmax_votes(alike, 0.07)[:, :5])
    for query, found in zip(queries.double().numpy(), votes.numpy(), strict=True):
        known = bank.double().numpy()
        cosines = known @ query / np.linalg.norm(known, axis=1) / np.linalg.norm(query)
        best = np.argsort(-cosines)[:20]
        weights = np.exp(cosines[best] / 0.07)
        weights /= weights.sum()
        wanted = np.zeros(4)
        for row, weight in list(zip(best, weights, strict=True))[:5]:
            wanted[labels[row]] += weight
        np.testing.assert_allclose(found, wanted, rtol=1e-9)


@pytest.mark.parametrize('distance', ['cosine', 'l2'])
def test_a_sample_of_the_bank_is_no_neighbour_of_itself(
    distance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, '_ENTRIES', 100)
    bank, _ = clusters(0, 30)
    bank[7] = bank[3]  # an equal sample is one
    _, ids = nearest_neighbours(bank, bank, 100, distance, itself=False)
    assert ids.shape == (30, 29)
    for row, others in enumerate(ids.tolist()):
        assert sorted([row, *others]) == list(range(30))
    assert ids[3, 0] == 7 and ids[7, 0] == 3


def test_unknown_distances_are_refused() -> None:
    with pytest.raises(ValueError, match="'l1'"):
        nearest_neighbours(torch.ones(1, 2), torch.ones(3, 2), 1, 'l1')
