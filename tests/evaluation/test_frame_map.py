"""Contract: the key-frame metric equals mmaction2's where that is right, and writes files."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.evaluation.functional import ava_utils
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.structures import BaseDataElement, InstanceData

from mmvideomae.datasets import ActionBoxDataset
from mmvideomae.errors import UserError
from mmvideomae.evaluation import AVAMetric, FrameMAP
from mmvideomae.registry import METRICS
from tests.support.detectors import tiny_detector
from tests.support.videos import moving_shapes, write_video

IDS = (1, 2, 4, 6)  # 3 and 5 are not evaluated
META = {'classes': [f'act {number}' for number in range(1, 7)], 'class_ids': list(IDS)}


class OneProcess:
    """In the place of the 32 that mmaction2 starts and never ends."""

    def __init__(self, processes: int) -> None:
        assert processes == 32

    map = staticmethod(lambda function, rows: list(map(function, rows)))


def sample(
    video: str,
    second: float,
    boxes: np.ndarray,
    scores: np.ndarray,
    gt_boxes: np.ndarray,
    gt_labels: np.ndarray,
) -> dict:
    """As mmengine's evaluator hands it on: pixels of the clip differ from the annotation."""
    element = BaseDataElement(
        metainfo={
            'video_id': video,
            'second': second,
            'timestamp': second,
            'gt_original_boxes': gt_boxes.astype(np.float32),
            'gt_original_labels': gt_labels.astype(np.float32),
        }
    )
    element.gt_instances = InstanceData(bboxes=torch.full((len(gt_boxes), 4), 77.0))
    element.pred_instances = InstanceData(
        bboxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        scores=torch.tensor(scores, dtype=torch.float32),
    )
    return element.to_dict()


def random_samples(frames: int = 60, seed: int = 0) -> list[dict]:
    """Scores are multiples of 1/10000 without ties and boxes of 1/8: nothing that rounding to
    4 decimals changes, but overlaps that tie and that equal the threshold."""
    rng = np.random.default_rng(seed)
    scores = iter((rng.permutation(9998)[: frames * 4 * 6] + 1).reshape(-1, 6) / 10000)
    found = []
    for number in range(frames):
        true, guessed = rng.integers(0, 4), rng.integers(0, 5)
        low = rng.integers(0, 5, (true + guessed, 2))
        boxes = np.concatenate([low, low + rng.integers(1, 4, low.shape)], 1) / 8
        copied = rng.integers(0, true + 1, guessed)  # some guesses are true boxes
        guesses = np.where((copied < true)[:, None], boxes[copied], boxes[true:])
        rows = np.array([next(scores) for _ in range(guessed)]).reshape(-1, 6)
        labels = rng.uniform(size=(true, 6)) < 0.4
        found.append(sample(f'v{number % 3}', 902 + number, guesses, rows, boxes[:true], labels))
    return found


def write_annotation(folder: Path, samples: list[dict]) -> dict[str, str]:
    """The files that mmaction2's metric reads."""
    with (folder / 'truth.csv').open('w', newline='') as file:
        for each in samples:
            for box, labels in zip(
                each['gt_original_boxes'], each['gt_original_labels'], strict=True
            ):
                for column in np.flatnonzero(labels):
                    row = (each['video_id'], each['second'], *map(float, box), column + 1)
                    csv.writer(file).writerow(row)
    blocks = [f'item {{\n  name: "act {number}"\n  id: {number}\n}}\n' for number in IDS]
    (folder / 'map.pbtxt').write_text(''.join(blocks))
    return {'ann_file': str(folder / 'truth.csv'), 'label_file': str(folder / 'map.pbtxt')}


def evaluate(metric: FrameMAP, samples: list[dict], meta: dict = META) -> dict[str, float]:
    metric.dataset_meta = meta
    metric.process(None, samples)
    return metric.evaluate(size=len(samples))


@pytest.mark.filterwarnings('ignore:Mean of empty slice')  # of ids that AVA groups
@pytest.mark.parametrize('seed', range(3))
def test_equals_mmaction2(
    seed: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ava_utils.multiprocessing, 'Pool', OneProcess)
    samples = random_samples(seed=seed)
    files = write_annotation(tmp_path, samples)
    theirs = METRICS.build(
        dict(type='AVAMetric', exclude_file=None, num_classes=7, action_thr=0.1, **files)
    )
    assert isinstance(theirs, AVAMetric)
    expected = evaluate(theirs, samples)
    printed = capsys.readouterr().out
    config = dict(type='FrameMAP', action_threshold=0.1, classwise=True, ignore_empty=True)
    found = evaluate(METRICS.build(config), samples)
    assert 0.1 < found['frame/mAP'] < 0.9
    assert found['frame/mAP'] == pytest.approx(expected['mAP/overall'], abs=1e-12)
    for number in IDS:
        assert f'Action: act {number}: AP: {found[f"frame/AP/act {number}"]:.4f};' in printed
    assert set(found) == {'frame/mAP', *(f'frame/AP/act {number}' for number in IDS)}


@pytest.mark.filterwarnings('ignore:Mean of empty slice')
def test_where_mmaction2_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the docstring of FrameMAP says of theirs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ava_utils.multiprocessing, 'Pool', OneProcess)
    box = np.array([[0, 0, 0.5, 1]])
    truth = np.array([[1, 1, 0, 0, 0, 0]])
    one = sample('v', 902, box, np.array([[0.9, 0, 0, 0, 0, 0]]), box, truth)
    two = sample('v', 903, box, np.array([[0.8, 0, 0, 0, 0, 0]]), box, truth)
    files = write_annotation(tmp_path, [one, two])
    (tmp_path / 'excluded.csv').write_text('v,0903\n')
    plain = dict(num_classes=7, **files)
    # A class that is never predicted ...
    assert evaluate(AVAMetric(exclude_file=None, **plain), [one, two])['mAP/overall'] == 1
    assert evaluate(FrameMAP(), [one, two])['frame/mAP'] == 0.5
    # ... and a key frame that is excluded, which our data sets do not hold.
    excluded = AVAMetric(exclude_file=str(tmp_path / 'excluded.csv'), **plain)
    assert evaluate(excluded, [one])['mAP/overall'] == 0.5
    assert evaluate(FrameMAP(), [one])['frame/mAP'] == 0.5  # act 1: 1, act 2: 0
    assert 'Per-class results' in capsys.readouterr().out


def test_a_toy_computed_by_hand() -> None:
    """Act 1: (1/1 + 2/3) / 2.  Act 2: 0.  Act 4 is not there, act 3 does not count."""
    left, right = [0, 0, 0.5, 1], [0.5, 0, 1, 1]
    samples = [
        sample(
            'a', 1, np.array([left, right]),
            np.array([[0.9, 0.3, 0.9, 0.1, 0, 0], [0.8, 0, 0.9, 0, 0, 0]]),
            np.array([left]), np.array([[1, 0, 0, 0, 0, 0]]),
        ),
        sample(
            'b', 2.5, np.array([right]), np.array([[0.7, 0, 0, 0, 0, 0]]),
            np.array([right, left]), np.array([[1, 0, 1, 0, 0, 0], [0, 1, 1, 0, 0, 0]]),
        ),
    ]  # fmt: skip
    found = evaluate(FrameMAP(classwise=True), samples)
    assert found['frame/AP/act 1'] == pytest.approx(5 / 6)
    assert found['frame/mAP'] == pytest.approx(5 / 12)
    assert set(found) == {'frame/mAP', 'frame/AP/act 1', 'frame/AP/act 2'}
    everything = evaluate(FrameMAP(classwise=True), samples, {'classes': META['classes']})
    assert everything['frame/AP/act 3'] == 0


def test_the_protocol_is_that_of_ava_unless_told() -> None:
    """Two right ones, the second of them with a low score, behind one where nobody of the
    evaluated classes is: (1/2 + 2/3) / 2, interpolated 2/3.  mmaction2 leaves out the low score
    and what comes first: 1/2."""
    box, none = np.array([[0, 0, 1, 1]]), np.zeros((0, 4))
    truth = np.array([[1, 0, 0, 0, 0, 0]])
    samples = [
        sample('a', 1, box, truth * 0.9, none, np.zeros((0, 6))),
        sample('a', 2, box, truth * 0.8, box, truth),
        sample('a', 3, box, truth * 0.001, box, truth),
    ]
    assert evaluate(FrameMAP(), samples)['frame/mAP'] == pytest.approx(2 / 3)
    theirs = FrameMAP(action_threshold=0.002, ignore_empty=True)
    assert evaluate(theirs, samples)['frame/mAP'] == 0.5
    unnamed = np.array([[0, 0, 1, 0, 0, 0]])  # an id that is not evaluated
    samples[0] = sample('a', 1, box, truth * 0.9, box, unnamed)
    assert evaluate(FrameMAP(), samples)['frame/mAP'] == pytest.approx(2 / 3)
    assert evaluate(theirs, samples)['frame/mAP'] == 0.5


def test_files_hold_what_is_measured_and_what_was_found(tmp_path: Path) -> None:
    samples = random_samples(20)
    samples[3]['second'] = 12.5
    files = [tmp_path / 'deep/told.json', tmp_path / 'found.csv']
    found = evaluate(FrameMAP(action_threshold=0.2, outfile=list(map(str, files))), samples)
    told = json.loads(files[0].read_text())
    assert told['mAP'] == found['frame/mAP'] and told['iou_threshold'] == 0.5
    assert [each['id'] for each in told['classes']] == list(IDS)
    labels = np.concatenate([each['gt_original_labels'] for each in samples])
    assert [each['boxes'] for each in told['classes']] == labels.sum(0)[np.array(IDS) - 1].tolist()
    rows = list(csv.reader(files[1].open()))
    assert len(rows) == sum(each['predictions'] for each in told['classes'])
    assert {int(row[6]) for row in rows} <= set(IDS) and min(float(row[7]) for row in rows) > 0.2
    assert {row[1] for row in rows if row[0] == 'v0'} >= {'0908', '12.5'}
    first = next(n for n, each in enumerate(samples) if len(each['pred_instances']['bboxes']))
    expected = samples[first]['pred_instances']['bboxes'][0].tolist()
    assert list(map(float, rows[0][2:6])) == pytest.approx(expected, abs=1e-6)


def test_key_frames_without_boxes_or_people() -> None:
    none, box = np.zeros((0, 4)), np.array([[0, 0, 1, 1]])
    samples = [
        sample('a', 1, none, np.zeros((0, 6)), box, np.ones((1, 6))),
        sample('a', 2, box, np.full((1, 6), 0.5), none, np.zeros((0, 6))),
    ]
    assert evaluate(FrameMAP(), samples)['frame/mAP'] == 0
    with pytest.raises(ValueError, match='no true boxes of the evaluated classes'):
        evaluate(FrameMAP(), samples[1:])


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ValueError, match=r'outfile must end in .json or .csv, got .*x\.txt'):
        FrameMAP(outfile='x.txt')
    with pytest.raises(ValueError, match='iou_threshold must lie in'):
        FrameMAP(iou_threshold=0)
    with pytest.raises(ValueError, match=r"key frame 3.5 of 'lost' has no annotation"):
        FrameMAP().process(None, [{'video_id': 'lost', 'second': 3.5, 'pred_instances': {}}])
    box = np.array([[0, 0, 1, 1]])
    told = r"predicted for second 2\.5 of video 'a' are not finite"
    for boxes, score in ((box, np.nan), (np.full((1, 4), np.inf), 0.5)):
        one = sample('a', 2.5, boxes, np.full((1, 6), score), box, np.ones((1, 6)))
        with pytest.raises(UserError, match=told):
            evaluate(FrameMAP(), [one])
    few = [sample('a', 1, box, np.ones((1, 3)), box, np.ones((1, 6)))]
    with pytest.raises(ValueError, match=r'values of shape \(1, 6\)'):
        evaluate(FrameMAP(), few)
    theirs = AVAMetric('a.csv', None, 'map.pbtxt', num_classes=81)
    with pytest.raises(ValueError, match='set num_classes=4'):
        theirs.process(None, few)
    with pytest.raises(ValueError, match=r"'a' has a key frame at 2.5: use FrameMAP"):
        theirs.process(None, [sample('a', 2.5, box, np.ones((1, 80)), box, np.ones((1, 80)))])


def test_what_a_detector_says_of_a_data_set(tmp_path: Path) -> None:
    """Through mmengine's evaluator: true boxes are found, so that only scores decide."""
    pytest.importorskip('mmdet', reason='needs the detection level')
    write_video(tmp_path / 'v.mp4', moving_shapes(40, 48, 64), fps=10)
    rows = ['v,1,.1,.2,.4,.9,1', 'v,1,.5,.2,.9,.9,2', 'v,2,.2,.1,.5,.8,1', 'v,3,.5,0,1,1,4']
    write_annotation(tmp_path, [])  # the label map
    pipeline = [
        {'type': 'OpenVideo'},
        {'type': 'SampleKeyFrameClip', 'clip_len': 4, 'stride': 2},
        {'type': 'ReadFrames'},
        {'type': 'ClipResizeShortSide', 'short_side': 36},
        {'type': 'PackActionBoxes'},
    ]
    (tmp_path / 'truth.csv').write_text('\n'.join(rows) + '\n')
    samples = ActionBoxDataset(
        tmp_path / 'truth.csv',
        pipeline,
        tmp_path / 'map.pbtxt',
        {'folder': str(tmp_path)},
        boxes='truth',
        test_mode=True,
    )
    evaluator = Evaluator(FrameMAP(classwise=True, outfile=str(tmp_path / 'found.csv')))
    evaluator.dataset_meta = samples.metainfo
    model = tiny_detector(6).eval()
    with torch.no_grad():
        for one in samples:
            evaluator.process(model.test_step(pseudo_collate([one])))
    found = evaluator.evaluate(len(samples))
    assert set(found) == {'frame/mAP', *(f'frame/AP/act {number}' for number in (1, 2, 4))}
    assert 0 < found['frame/mAP'] < 1
    lines = list(csv.reader((tmp_path / 'found.csv').open()))
    assert len(lines) == 4 * len(IDS)  # boxes of all key frames, with all ids that are evaluated
    assert [float(edge) for edge in lines[0][2:6]] == pytest.approx([0.1, 0.2, 0.4, 0.9], abs=1e-4)
