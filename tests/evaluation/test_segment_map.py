"""Contract: the metric compares predictions in seconds with the original annotation."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData

from mmvideomae.errors import UserError
from mmvideomae.evaluation import SegmentMAP
from mmvideomae.registry import METRICS

CLASSES = ('jump', 'run', 'rest')


def sample(video: str, truth: list[tuple], found: list[tuple]) -> dict:
    """As mmengine's evaluator hands it on: steps of the training target differ from seconds."""
    element = BaseDataElement(
        metainfo={
            'video_id': video,
            'gt_seconds': np.array([row[:2] for row in truth], float).reshape(-1, 2),
            'gt_labels': np.array([row[2] for row in truth], int),
        }
    )
    element.gt_instances = InstanceData(segments=torch.full((len(truth), 2), 777.0))
    rows = torch.tensor(found, dtype=torch.float32).reshape(-1, 4)
    element.pred_instances = InstanceData(
        segments=rows[:, :2], labels=rows[:, 2].long(), scores=rows[:, 3]
    )
    return element.to_dict()


def evaluate(metric: SegmentMAP, samples: list[dict]) -> dict[str, float]:
    metric.dataset_meta = {'classes': CLASSES}
    metric.process(None, samples)
    return metric.evaluate(size=len(samples))


SAMPLES = [
    sample('a', [(0, 10, 0), (20, 30, 1)], [(0, 10, 0, 0.9), (20, 26, 1, 0.8)]),
    sample('b', [(5, 6, 1)], [(5, 6, 1, 0.9)]),
    sample('c', [], []),
]


def test_numbers_over_videos_and_thresholds() -> None:
    config = dict(type='SegmentMAP', iou_thresholds=(0.5, 0.7), classwise=True)
    found = evaluate(METRICS.build(config), SAMPLES)
    assert found['segment/mAP@0.50'] == 1
    assert found['segment/mAP@0.70'] == pytest.approx((1 + 0.5) / 2)
    assert found['segment/mAP'] == pytest.approx((1 + 0.75) / 2)
    assert found['segment/AP/run'] == pytest.approx(0.75)
    assert 'segment/AP/rest' not in found  # nobody rests in these videos
    assert found['segment/recall@1x'] == pytest.approx((1 + 0.75) / 2)


def test_recall_is_that_of_the_best_of_each_class_in_a_video() -> None:
    """Against the protocol of Ego4D's moment queries, one segment after another.

    In every video, k times as many predictions of a class count as it has true segments; a true
    segment is found if one of them reaches it, though another true segment takes it as well.
    """
    rng = np.random.default_rng(0)

    def rows(count: int, scored: bool) -> list[tuple]:
        starts, lengths = rng.integers(0, 12, count), rng.integers(1, 6, count)
        labels, scores = rng.integers(0, 3, count), rng.permutation(count) / count
        found = [starts, starts + lengths, labels, *([scores] if scored else [])]
        return list(zip(*(column.tolist() for column in found), strict=True))

    truth = {video: sorted(set(rows(5, False))) for video in 'abcd'}
    found = {video: rows(30, True) for video in 'abcd'}
    samples = [sample(video, truth[video], found[video]) for video in 'abcd']
    config = SegmentMAP((0.1, 0.3, 0.5), recall_multiples=(1, 5))
    measured = evaluate(config, samples)

    def reaches(one: tuple, other: tuple, least: float) -> bool:
        shared = min(one[1], other[1]) - max(one[0], other[0])
        return shared / (one[1] - one[0] + other[1] - other[0] - max(shared, 0)) >= least

    for multiple in (1, 5):
        for least in (0.1, 0.3, 0.5):
            shares = []
            for label in range(3):
                hits = total = 0
                for video in 'abcd':
                    goals = [row for row in truth[video] if row[2] == label]
                    mine = [row for row in found[video] if row[2] == label]
                    best = sorted(mine, key=lambda row: -row[3])[: multiple * len(goals)]
                    total += len(goals)
                    hits += sum(any(reaches(row, goal, least) for row in best) for goal in goals)
                shares.append(hits / total)
            told = measured[f'segment/recall@{multiple}x@{least:.2f}']
            assert told == pytest.approx(np.mean(shares))
    assert 0.2 < measured['segment/recall@1x@0.50'] < measured['segment/recall@5x@0.50'] <= 1


def test_without_classes_only_the_places_count() -> None:
    """A model of one class, 0, is compared with segments of all classes."""
    samples = [sample('a', [(0, 10, 0), (20, 30, 1)], [(0, 10, 0, 0.9), (20, 30, 0, 0.8)])]
    assert evaluate(SegmentMAP(class_agnostic=True), samples)['segment/mAP'] == 1
    assert evaluate(SegmentMAP(), samples)['segment/mAP'] == 0.5


def test_windows_of_a_video_are_merged_into_one_result(tmp_path: Path) -> None:
    """What two windows both find is found once; the order of the windows does not matter."""
    truth = [(0, 10, 0), (20, 30, 1)]
    windows = [
        sample('a', truth, [(0, 10, 0, 0.9), (20, 27, 1, 0.4)]),
        sample('b', [(5, 6, 1)], [(5, 6, 1, 0.9)]),
        sample('a', truth, [(20, 30, 1, 0.8), (0, 9.8, 0, 0.7)]),
    ]
    out = tmp_path / 'result.json'
    merge = {'method': 'hard', 'iou_threshold': 0.6}
    for order in (windows, windows[::-1]):
        found = evaluate(SegmentMAP(merge=merge, outfile=out), order)
        assert found['segment/mAP'] == 1
        rows = json.loads(out.read_text())['results']['a']
        assert [row['score'] for row in rows] == pytest.approx([0.9, 0.8])
    with pytest.raises(ValueError, match=r"video 'a' has 2 samples.*set merge"):
        evaluate(SegmentMAP(), windows)


def test_the_file_holds_predictions_and_everything_measured(tmp_path: Path) -> None:
    out = tmp_path / 'deep' / 'result.json'
    evaluate(SegmentMAP(outfile=out), SAMPLES)
    content = json.loads(out.read_text())
    assert set(content['results']) == {'a', 'b', 'c'} and content['results']['c'] == []
    assert content['results']['b'][0]['label'] == 'run'
    assert content['results']['b'][0]['segment'] == [5, 6]
    assert sum(content['evaluation']['errors']['truths']) == 3
    assert content['evaluation']['AP_at']['0.70']['jump'] == 1


def test_true_segments_that_repeat_another_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Perfect results are perfect; without classes so are those of places with two labels."""
    told: list[str] = []
    monkeypatch.setattr(
        'mmvideomae.evaluation.segment_map.print_log', lambda text, **_: told.append(text)
    )
    truth = [(0, 10, 0), (0.001, 9.9995, 0), (0, 10, 1), (20, 20.0004, 0)]
    samples = [sample('a', truth, [(0, 10, 0, 0.9), (0, 10, 1, 0.8)])]
    found = evaluate(SegmentMAP(), samples)
    assert found['segment/mAP'] == found['segment/recall@1x'] == 1
    assert '2 of 4 true segments repeat another' in told[-1]
    samples = [sample('a', truth, [(0, 10, 0, 0.9)])]
    assert evaluate(SegmentMAP(class_agnostic=True), samples)['segment/mAP'] == 1
    assert '3 of 4 true segments repeat another' in told[-1]


@pytest.mark.parametrize(('row', 'told'), [
    ((0, 10, 0, np.nan), 'scores'), ((0, np.inf, 0, 0.5), 'segments'),
])  # fmt: skip
def test_predictions_that_are_no_numbers_are_refused(row: tuple, told: str) -> None:
    with pytest.raises(UserError, match=f"the {told} predicted for video 'a' are not finite"):
        evaluate(SegmentMAP(), [sample('a', [(0, 10, 0)], [row])])


def test_a_video_without_annotation_is_an_error_that_names_it() -> None:
    element = {'video_id': 'lost', 'pred_instances': {}}
    with pytest.raises(ValueError, match="'lost' has no annotation"):
        SegmentMAP().process(None, [element])
