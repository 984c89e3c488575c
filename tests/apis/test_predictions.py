"""Contract: spans, segments and files of a timeline agree, in seconds."""

import csv
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.apis.predictions import Timeline, best_classes


def timeline(labels: list[int], window: float = 2.0, stride: float = 1.0) -> Timeline:
    scores = np.full((len(labels), 3), 0.2, np.float32)
    scores[np.arange(len(labels)), labels] = 0.6
    starts = np.arange(len(labels)) * stride
    return Timeline('v.mp4', starts, starts + window, scores, ('a', 'b', 'c'))


def test_best_classes_are_in_order() -> None:
    top = best_classes(np.array([0.1, 0.5, 0.4]), 'abc', 2)
    assert [(one.label, one.class_id, one.score) for one in top] == [('b', 1, 0.5), ('c', 2, 0.4)]
    assert len(best_classes(np.array([0.5, 0.5]), 'ab', 5)) == 2


def test_a_timeline_is_a_list_of_spans() -> None:
    line = timeline([0, 0, 2])
    assert len(line) == 3
    assert line[-1] == (2.0, 4.0, 'c', pytest.approx(0.6)) == list(line)[2] == line[2:][0]


def test_segments_meet_where_the_label_changes() -> None:
    found = timeline([0, 0, 2, 2, 1]).segments()
    assert [(s.start, s.end, s.label) for s in found] == [
        (0, 2.5, 'a'),
        (2.5, 4.5, 'c'),
        (4.5, 6, 'b'),
    ]
    assert [s[:3] for s in timeline([1]).segments()] == [(0, 2, 'b')]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=30), st.floats(0.2, 3), st.floats(0.2, 3))
def test_segments_tile_the_video(labels: list[int], window: float, stride: float) -> None:
    line = timeline(labels, window, stride)
    found = line.segments()
    assert found[0].start == line.starts[0] and found[-1].end == line.ends[-1]
    assert all(a.end == b.start and a.label != b.label for a, b in pairwise(found))
    for span in found:  # the label of a moment is that of the nearest window
        assert line.nearest((span.start + span.end) / 2).label == span.label


def test_files_say_the_same(tmp_path: Path) -> None:
    line = timeline([0, 1])
    told = json.loads(line.save_json(tmp_path / 'a.json', top_k=2).read_text())
    assert told['video'] == 'v.mp4' and len(told['windows']) == 2
    assert [one['label'] for one in told['windows'][1]['top']] == ['b', 'a']
    assert told['segments'][1] == {'start': 1.5, 'end': 3.0, 'label': 'b', 'score': 0.6}
    with line.save_csv(tmp_path / 'a.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert rows[1] == {'start': '1.0000', 'end': '3.0000', 'label': 'b', 'score': '0.600000'}


def test_only_classes_from_the_threshold_on_are_shown() -> None:
    scores = np.array([0.9, 0.2, 0.7], np.float32)
    assert [one.label for one in best_classes(scores, 'abc', 5, 0.5)] == ['a', 'c']
    assert [one.label for one in best_classes(scores, 'abc', 1, 0.5)] == ['a']
    assert best_classes(scores, 'abc', 5, 0.95) == ()
    found = Timeline('v', np.zeros(1), np.ones(1), scores[None], ('a', 'b', 'c'))
    assert len(found.as_json(threshold=0.5)['windows'][0]['top']) == 2
