"""Protects decoding: candidates by definition, suppression by the settings, class fusion."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from mmvideomae.models.localizers.decoding import (
    DecodeSettings,
    Detections,
    ExternalScores,
    candidates,
    suppress,
)
from mmvideomae.models.localizers.point_labels import make_points


def test_candidates_are_the_best_of_each_level_by_their_definition() -> None:
    generator = torch.Generator().manual_seed(0)
    lengths, strides, classes, valid = (16, 8, 4), (1, 2, 4), 3, (10, 5, 3)
    logits = [torch.randn(length, classes, generator=generator) for length in lengths]
    reach = [torch.rand(length, 2, generator=generator) * 2 for length in lengths]
    masks = [torch.arange(length) < real for length, real in zip(lengths, valid, strict=True)]
    settings = DecodeSettings(pre_nms_thresh=0.4, pre_nms_topk=6, duration_thresh=1.0)
    points = make_points(lengths, strides, [(0, 4)] * 3)
    expected = []
    for level in range(3):
        rows = []
        for step in range(valid[level]):
            for label in range(classes):
                score = 1 / (1 + math.exp(-logits[level][step, label].item()))
                if score > 0.4:
                    left, right = (reach[level][step] * strides[level]).tolist()
                    place = step * strides[level]
                    rows.append((score, label, place - left, place + right))
        best = sorted(rows, reverse=True)[:6]
        expected += [row for row in best if row[3] - row[2] > 1]
    found = candidates(logits, reach, masks, points, settings)
    assert 3 < len(expected) < 18
    assert found.labels.tolist() == [row[1] for row in expected]
    assert found.scores.tolist() == pytest.approx([row[0] for row in expected])
    assert found.segments.flatten().tolist() == pytest.approx(
        [value for row in expected for value in row[2:]]
    )


def overlapping() -> Detections:
    segments = np.array([[0.0, 10.0], [0.0, 9.0], [0.0, 10.0], [20.0, 30.0]])
    return Detections(segments, np.array([0.9, 0.8, 0.7, 0.6]), np.array([0, 0, 1, 1]))


def test_suppression_is_within_classes_or_over_all() -> None:
    hard = {'method': 'hard', 'iou_threshold': 0.5}
    within = suppress(overlapping(), DecodeSettings(**hard))
    assert within.scores.tolist() == [0.9, 0.7, 0.6]
    over_all = suppress(overlapping(), DecodeSettings(**hard, class_agnostic=True))
    assert over_all.scores.tolist() == [0.9, 0.6]
    assert over_all.labels.tolist() == [0, 1]
    assert len(suppress(overlapping(), DecodeSettings(method='none')).scores) == 4


@pytest.mark.parametrize('method', ['gaussian', 'linear'])
def test_soft_suppression_lowers_scores_and_keeps_the_order(method: str) -> None:
    found = suppress(overlapping(), DecodeSettings(method=method, max_segments=3))
    assert len(found.scores) == 3 and (np.diff(found.scores) <= 0).all()
    iou = 9 / 10
    weight = math.exp(-(iou**2) / 0.5) if method == 'gaussian' else 1 - iou
    everything = suppress(overlapping(), DecodeSettings(method=method, max_segments=9))
    lowered = everything.scores[(everything.segments[:, 1] == 9)]
    assert lowered.tolist() == pytest.approx([0.8 * weight], rel=1e-4)


def test_voting_draws_segments_of_a_class_together() -> None:
    settings = DecodeSettings(method='hard', iou_threshold=0.5, voting_thresh=0.7)
    found = suppress(overlapping(), settings)
    weights = 0.9, 0.8 * 0.9
    expected = (weights[0] * 10 + weights[1] * 9) / sum(weights)
    assert found.segments[:, 1].tolist() == pytest.approx([expected, 10, 30], abs=1e-5)


def test_nothing_found_is_no_segments() -> None:
    empty = Detections(np.zeros((0, 2)), np.zeros(0), np.zeros(0, int))
    for method in ('gaussian', 'linear', 'hard', 'none'):
        for voting in (None, 0.7):
            settings = DecodeSettings(method=method, voting_thresh=voting)
            assert suppress(empty, settings).segments.shape == (0, 2)


def test_external_scores_name_the_classes_of_a_video(tmp_path: Path) -> None:
    file = tmp_path / 'scores.json'
    file.write_text(json.dumps({'results': {'a': [0.1, 0.64, 0.25]}}))
    found = Detections(np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([1.0, 0.25]), np.zeros(2, int))
    named = ExternalScores.read(file, top=2, max_segments=3).apply(found, 'a')
    assert named.labels.tolist() == [1, 2, 1]
    assert named.scores.tolist() == pytest.approx([0.8, 0.5, 0.4])
    assert named.segments.tolist() == [[0, 1], [0, 1], [2, 3]]


def test_wrong_settings_and_scores_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown NMS method 'cubic'"):
        DecodeSettings(method='cubic')
    with pytest.raises(FileNotFoundError, match='external class scores not found'):
        ExternalScores.read(tmp_path / 'none.json')
    file = tmp_path / 'scores.json'
    for text in ('[]', 'no json', '{"a": [0.5], "b": [0.5, 0.5]}', '{"a": ["x"]}', '{}'):
        file.write_text(text)
        with pytest.raises(ValueError, match=r'scores\.json'):
            ExternalScores.read(file)
    file.write_text('{"a": [0.5, 0.5]}')
    with pytest.raises(ValueError, match='video b has no external class scores'):
        ExternalScores.read(file).apply(Detections(*map(np.zeros, ((0, 2), 0, 0))), 'b')
