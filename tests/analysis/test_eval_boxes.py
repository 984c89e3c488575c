"""Contract: evaluating a results file gives the figures of the predictions written to it."""

from pathlib import Path

import numpy as np
import pytest

from mmvideomae.analysis.eval_boxes import evaluate_box_files
from mmvideomae.evaluation import FrameMAP
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import BoxLabel, write_boxes
from mmvideomae.formats.label_maps import write_label_map

NAMES = {1: 'stand', 2: 'sit', 4: 'run', 6: 'jump'}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_label_map('map.pbtxt', NAMES)
    return tmp_path


def told(truth: str, found: str, **options: object) -> dict:
    Path('truth.csv').write_text(truth)
    Path('found.csv').write_text(found)
    return evaluate_box_files('found.csv', 'truth.csv', 'map.pbtxt', **options)


def random_samples() -> list[dict]:
    rng = np.random.default_rng(0)

    def drawn(count: int) -> np.ndarray:
        low = rng.integers(0, 5, (count, 2))
        return np.concatenate([low, low + rng.integers(1, 4, low.shape)], 1) / 8

    scores = (rng.permutation(9000) + 1).reshape(-1, 6) / 10000
    samples = []
    for number in range(40):
        true, guessed = rng.integers(1, 4), rng.integers(0, 4)
        labels = rng.uniform(size=(true, 6)) < 0.4
        found = {'bboxes': drawn(guessed), 'scores': scores[number * 4 : number * 4 + guessed]}
        sample = {'video_id': f'v{number % 3}', 'second': number + 0.5 * (number % 2)}
        truth = {'gt_original_boxes': drawn(true), 'gt_original_labels': labels}
        samples.append({**sample, **truth, 'pred_instances': found})
    return samples


def test_equals_the_metric_that_wrote_the_file(folder: Path) -> None:
    samples = random_samples()
    classes = [NAMES.get(number, f'class {number}') for number in range(1, 7)]
    metric = FrameMAP(classwise=True, outfile='found.csv')
    metric.dataset_meta = {'classes': classes, 'class_ids': list(NAMES)}
    metric.process(None, samples)
    expected = metric.evaluate(size=len(samples))
    rows = [
        BoxLabel(each['video_id'], each['second'], tuple(box), int(column) + 1)
        for each in samples
        for box, labels in zip(each['gt_original_boxes'], each['gt_original_labels'], strict=True)
        for column in np.flatnonzero(labels)
    ]
    write_boxes('truth.csv', rows)
    found = evaluate_box_files('found.csv', 'truth.csv', 'map.pbtxt')
    assert 0 < found['mAP'] < 1 and found['mAP'] == pytest.approx(expected['frame/mAP'])
    for each in found['classes']:
        assert each['AP'] == pytest.approx(expected[f'frame/AP/{each["name"]}'])
    assert [each['id'] for each in found['classes']] == list(NAMES)


def test_one_box_may_be_found_twice(folder: Path) -> None:
    """The same box and class in two lines: right, and a duplicate before the next one."""
    truth = 'a,1,0,0,.5,1,1\na,2,0,0,.5,1,1\n'
    found = 'a,1,0,0,.5,1,1,.9\na,1,0,0,.5,1,1,.8\na,2,0,0,.5,1,1,.7\na,1,0,0,.5,1,2,.9\n'
    stand, sit, *_ = told(truth, found)['classes']
    assert stand['AP'] == pytest.approx((1 + 2 / 3) / 2) and stand['predictions'] == 3
    assert sit['AP'] is None and sit['predictions'] == 1


def test_what_does_not_count(folder: Path) -> None:
    """An id without a name, an excluded key frame; by mmaction2's protocol also a key frame
    without annotation, and one of ids without a name."""
    truth = 'a,0902,0,0,.5,1,1\na,0903,0,0,.5,1,1\na,0904,0,0,.5,1,3\n'
    found = 'a,902,0,0,.5,1,1,.5\na,904,0,0,.5,1,1,.9\na,902,0,0,.5,1,3,.9\nb,7,0,0,1,1,1,1\n'
    Path('gone.csv').write_text('a,903\n')
    theirs = told(truth, found, excluded='gone.csv', protocol='mmaction2')
    assert theirs['mAP'] == 1 and theirs['key_frames'] == 1 and theirs['ignored'] == 2
    assert told(truth, found, protocol='mmaction2')['mAP'] == 0.5
    result = told(truth, found, excluded='gone.csv')
    assert result['mAP'] == pytest.approx(1 / 3) and result['key_frames'] == 1
    assert (result['ignored'], result['without_truth']) == (0, 2)
    assert '2 key frames' in result['notes'][0] and 'are wrong' in result['notes'][0]
    with pytest.raises(ValueError, match="one of official, mmaction2, got 'ava'"):
        told(truth, found, protocol='ava')


def test_low_scores_count_unless_told(folder: Path) -> None:
    truth = 'a,1,0,0,.5,1,1\na,2,0,0,.5,1,1\n'
    found = 'a,1,0,0,.5,1,1,.9\na,2,0,0,.5,1,1,.002\n'
    assert told(truth, found)['mAP'] == 1
    assert told(truth, found, protocol='mmaction2')['mAP'] == 0.5


def test_lines_without_a_score_count_as_1_and_are_told(folder: Path) -> None:
    found = told('a,1,0,0,.5,1,1\n', 'a,1,0,0,.5,1,1\na,1,.5,0,1,1,1,\na,1,.5,0,1,1,1,.9\n')
    assert found['mAP'] == 1  # of two scores of 1 the first line comes first
    assert found['notes'][0].startswith('2 of 3 lines of found.csv have no score and count as 1')
    assert told('a,1,0,0,.5,1,1\n', 'a,1,0,0,.5,1,1,.9\n')['notes'] == []


def test_nothing_found_is_a_result(folder: Path) -> None:
    assert told('a,1,0,0,.5,1,1\n', 'a,1,0,0,.5,1,2,.5\n')['mAP'] == 0


@pytest.mark.parametrize(('truth', 'found', 'message'), [
    ('a,1,0,0,1,1,1', 'a,1,0,0,1,1', r'found.csv:1: 6 fields, expected video,second'),
    ('a,1,0,0,1,1,1', 'a,1,0,0,1,1,1,1\na,1,0,0,1,1,1,high', "found.csv:2: score 'high' is no"),
    ('a,1,0,0,1,1,1', 'a,1,0,0,1,1,0,.5', r'found.csv:1: id 0 is outside 1\.\.6'),
    ('a,1,0,0,1,1,1', 'a,1,0,0,1,1,7,.5', r'found.csv:1: id 7 is outside 1\.\.6'),
    ('a,1,0,0,1,1,1', '', 'found.csv has no results'),
    ('a,1,0,0,1,1,1', 'a,9,0,0,1,1,1,.5', "none of its key frames, such as second 9 of 'a'"),
    ('a,1,0,0,1,1,3', 'a,1,0,0,1,1,1,.5', 'none of its key frames'),
    ('a,1,0,0,1,1,x', 'a,1,0,0,1,1,1,.5', 'truth.csv:1'),
    ('a,1,0,0,1,1,0', 'a,1,0,0,1,1,1,.5', 'truth.csv:1: label 0: ids start at 1'),
    ('a,1,0,0,1,1,7', 'a,1,0,0,1,1,1,.5', 'truth.csv:1: label 7 is above the 6 classes of map'),
    ('a,1,9,0,99,1,1', 'a,1,0,0,1,1,1,.5', r'truth.csv:1: .* is outside \[0, 1\]'),
    ('a,1,0,0,1,1,1', 'a,1,9,0,99,1,1,.5', r'found.csv:1: .* is outside \[0, 1\]'),
    ('a,1,0,0,1,1,1', 'a,1,.6,0,.5,1,1,.5', r'found.csv:1: box 0.6,0,0.5,1 is swapped'),
    ('a,1,0,0,1,1,1', 'a,1,0,0,1,1,1,nan', r"found.csv:1: score 'nan' is not a number"),
])  # fmt: skip
def test_wrong_files_are_refused(folder: Path, truth: str, found: str, message: str) -> None:
    with pytest.raises((AnnotationError, ValueError), match=message):
        told(truth, found)
