"""Protects decoding: candidates by definition, and class fusion."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from mmvideomae.models.localizers.decoding import DecodeSettings, ExternalScores, candidates
from mmvideomae.models.localizers.point_labels import make_points
from mmvideomae.ops.detections import Detections


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


def test_external_scores_name_the_classes_of_a_video(tmp_path: Path) -> None:
    file = tmp_path / 'scores.json'
    file.write_text(json.dumps({'results': {'a': [0.1, 0.64, 0.25]}}))
    found = Detections(np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([1.0, 0.25]), np.zeros(2, int))
    named = ExternalScores.read(file, top=2, max_segments=3).apply(found, 'a')
    assert named.labels.tolist() == [1, 2, 1]
    assert named.scores.tolist() == pytest.approx([0.8, 0.5, 0.4])
    assert named.segments.tolist() == [[0, 1], [0, 1], [2, 3]]


def test_wrong_scores_are_refused(tmp_path: Path) -> None:
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
