"""Contract: checking a data set of boxes finds every fault, and none in sound data."""

import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine import Config

from mmvideomae.formats.video_places import VideoPlaces
from mmvideomae.preparation.boxes.check import check_sets, measure, sets_of
from mmvideomae.preparation.boxes.report import EXAMPLES, BoxReport, BoxSet
from tests.support.videos import numbered_frames, write_video

ROWS = [
    'a,0000,0.1,0.1,0.5,0.5,1,0',
    'a,0000,0.1,0.1,0.5,0.5,3,0',
    'a,0001,0.2,0.1,0.6,0.5,1,0',
    'b,0001,0.5,0.5,0.9,0.9,3,1',
]
LABEL_MAP = 'item {\n  name: "sit"\n  id: 1\n}\nitem {\n  name: "run"\n  id: 3\n}\n'


@pytest.fixture(scope='module')
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos of two seconds."""
    folder = tmp_path_factory.mktemp('videos')
    for name in 'ab':
        write_video(folder / f'{name}.mp4', numbered_frames(20, 16, 16), fps=10)
    return folder


@pytest.fixture
def sound(tmp_path: Path, videos: Path) -> BoxSet:
    """A list without a fault, with proposals near its boxes."""
    (tmp_path / 'ann.csv').write_text('\n'.join(ROWS) + '\n')
    (tmp_path / 'map.pbtxt').write_text(LABEL_MAP)
    boxes: dict[str, np.ndarray] = {}
    for row in ROWS:
        video, second, *box = row.split(',')[:6]
        shifted = np.array([*map(float, box), 0.9], np.float32)
        shifted[0] += 0.04
        boxes[f'{video},{second}'] = shifted[None]
    (tmp_path / 'boxes.pkl').write_bytes(pickle.dumps(boxes))
    return BoxSet(
        name='list',
        ann_file=str(tmp_path / 'ann.csv'),
        label_map=str(tmp_path / 'map.pbtxt'),
        videos=VideoPlaces(folder=str(videos)),
        proposal_file=str(tmp_path / 'boxes.pkl'),
    )


def _check(box_set: BoxSet) -> BoxReport:
    (report,) = check_sets([box_set])
    return report


def test_sound_data_has_numbers_and_no_problem(sound: BoxSet) -> None:
    report = _check(sound)
    assert report.problems == []
    assert report.classes == [(1, 'sit', 2), (3, 'run', 2)]
    assert report.counts == {
        'rows': 4,
        'videos': 2,
        'key frames': 3,
        'boxes': 3,
        'excluded key frames': 0,
        'proposals': 3,
        'recall at IoU 0.5': 1.0,
    }


@pytest.mark.parametrize(
    ('row', 'level', 'kind', 'message'),
    [
        ('a,1,.1,.1,.5,.5,0,1', 'error', 'labels', 'label 0: ids start at 1'),
        ('a,1,.1,.1,.5,.5,4,1', 'error', 'labels', 'label 4 is above the 3 classes'),
        ('a,1,.1,.1,.5,.5,2,1', 'warning', 'labels without a name', 'id 2 is not in'),
        ('a,1,.1,.1,1.5,.5,1,1', 'error', 'boxes', r'outside \[0, 1\]'),
        ('a,1,nan,.1,.5,.5,1,1', 'error', 'boxes', r'outside \[0, 1\]'),
        ('a,1,.5,.1,.1,.5,1,1', 'error', 'boxes', 'is swapped'),
        ('a,1,.5,.5,.5,.9,1,1', 'warning', 'tiny boxes', 'has a side below 1%'),
        ('a,0000,.1,.1,.5,.5,1,0', 'warning', 'repeated rows', 'repeats line 1'),
        ('a,0,.1,.2,.5,.5,1,0', 'warning', 'persons with several', 'another box in line 1'),
        ('a,2,.1,.1,.5,.5,1,1', 'error', 'timestamps', r'second 2 of a, which .* 0 to 2\.00'),
        ('a,x,.1,.1,.5,.5,1,1', 'error', 'malformed', "timestamp 'x'"),
        ('a,1,.1,.1,.5,.5', 'error', 'malformed', '6 fields'),
        ('c,1,.1,.1,.5,.5,1,1', 'error', 'missing videos', 'c: looked for'),
        ('a,0.5,.1,.1,.5,.5,1,1', 'error', 'key frames without proposals', 'second 0.5 of a'),
    ],
)
def test_each_fault_of_a_row_is_found_with_its_line(
    sound: BoxSet, row: str, level: str, kind: str, message: str
) -> None:
    with open(sound.ann_file, 'a') as file:
        file.write(f'{row}\n')
    found = [each for each in _check(sound).problems if each.kind.startswith(kind)]
    assert [(each.level, each.count) for each in found] == [(level, 1)]
    (example,) = found[0].examples
    assert re.search(message, example)
    if kind not in ('missing videos', 'key frames without proposals'):
        assert f'{sound.ann_file}:5:' in example


def test_all_faults_are_counted_and_few_are_shown(sound: BoxSet) -> None:
    with open(sound.ann_file, 'a') as file:
        file.writelines(f'a,0000,0.1,0.1,0.5,{2 + n},1,0\n' for n in range(9))
        file.writelines(f'b,{n},0.1,0.1,0.5,0.5,{n},0\n' for n in range(10, 17))
    report = _check(replace(sound, proposal_file=None))
    counts = {each.kind: (each.count, len(each.examples)) for each in report.problems}
    assert counts['boxes'] == (9, EXAMPLES)
    assert counts['labels'] == counts['timestamps outside the video'] == (7, EXAMPLES)
    levels = [each.level for each in report.problems]
    assert levels == sorted(levels)  # errors first
    assert report.number('error') == 23


@pytest.mark.parametrize(
    ('name', 'content', 'kind', 'message'),
    [
        ('map.pbtxt', b'', 'label map', 'names no class'),
        ('map.pbtxt', b'item { name: "a" id: 0 }', 'label map', 'number from 1 on'),
        ('ann.csv', b'', 'annotation', 'has no box'),
        ('ann.csv', b'\xff\xfe\x00', 'annotation', 'not UTF-16 text'),
        ('boxes.pkl', b'no pickle', 'proposals', 'not a pickle of boxes'),
        ('boxes.pkl', pickle.dumps([1, 2]), 'proposals', 'holds a list'),
        ('excluded.csv', b'a,0\na,0,1\n', 'excluded key frames', '3 fields'),
        ('excluded.csv', b'a,0\na,1\nb,1\n', 'excluded key frames', 'excludes all'),
    ],
)
def test_files_that_cannot_be_read_are_errors(
    sound: BoxSet, tmp_path: Path, name: str, content: bytes, kind: str, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    if name == 'excluded.csv':
        sound = replace(sound, excluded_file=str(tmp_path / name))
    errors = [each for each in _check(sound).problems if each.level == 'error']
    assert [each.kind for each in errors] == [kind]
    assert message in errors[0].examples[0]


@pytest.mark.parametrize('key', ['ann_file', 'label_map', 'proposal_file', 'excluded_file'])
def test_files_that_are_not_there_are_errors(sound: BoxSet, key: str) -> None:
    missing = 'missing.pkl' if key == 'proposal_file' else 'missing'
    report = _check(replace(sound, **{key: missing}))
    errors = [each for each in report.problems if each.level == 'error']
    assert len(errors) == 1 and 'missing' in errors[0].examples[0]


def test_excluded_key_frames_are_left_out(sound: BoxSet, tmp_path: Path) -> None:
    with open(sound.ann_file, 'a') as file:
        file.write('a,99,.1,.1,.5,.5,1,1\n')
    (tmp_path / 'excluded.csv').write_text('a,0099\na,0001\nb,7\n')
    report = _check(replace(sound, excluded_file=str(tmp_path / 'excluded.csv')))
    assert report.number('error') == 0
    assert (report.counts['key frames'], report.counts['excluded key frames']) == (2, 2)


def test_proposals_are_measured_above_the_score(sound: BoxSet, tmp_path: Path) -> None:
    boxes = {
        'a,0000': np.array([[0.1, 0.1, 0.5, 0.5, 0.7], [0.6, 0.6, 0.9, 0.9, 0.95]], np.float32),
        'a,0001': np.array([[0.2, 0.1, 0.6, 0.5, 0.95]], np.float32),
        'b,0001': np.array([[0.5, 0.5, 0.9, 0.9, 0.3]], np.float32),
    }
    (tmp_path / 'boxes.pkl').write_bytes(pickle.dumps(boxes))
    everything = _check(sound)
    assert everything.problems == []
    assert everything.counts['recall at IoU 0.5'] == 1
    good = _check(replace(sound, min_box_score=0.8))
    assert (good.counts['proposals'], good.counts['recall at IoU 0.5']) == (2, 0.3333)
    kinds = {each.kind: each.level for each in good.problems}
    assert kinds == {'key frames without proposals': 'error', 'recall of proposals': 'warning'}
    skipped = _check(replace(sound, min_box_score=0.8, missing_proposals='skip'))
    assert skipped.number('error') == 0 and skipped.number('warning') == 2
    none = _check(replace(sound, min_box_score=1.0, missing_proposals='skip'))
    (error,) = [each for each in none.problems if each.level == 'error']
    assert (
        error.kind == 'proposals' and 'no key frame has one, such as second 0' in error.examples[0]
    )


def test_videos_that_cannot_be_read_are_errors(sound: BoxSet, tmp_path: Path, videos: Path) -> None:
    folder = tmp_path / 'broken'
    folder.mkdir()
    (folder / 'a.mp4').write_bytes((videos / 'a.mp4').read_bytes()[:300])
    (folder / 'b.mp4').write_bytes((videos / 'b.mp4').read_bytes())
    report = _check(replace(sound, videos=VideoPlaces(folder=str(folder))))
    (problem,) = report.problems
    assert (problem.level, problem.kind, problem.count) == ('error', 'unreadable videos', 1)
    assert problem.examples[0].startswith(str(folder / 'a.mp4'))


def test_frames_and_start_seconds_count(sound: BoxSet, tmp_path: Path, videos: Path) -> None:
    for name in 'ab':
        (tmp_path / 'frames' / name).mkdir(parents=True)
        for number in range(1, 5):
            picture = str(tmp_path / 'frames' / name / f'{name}_{number:03}.png')
            cv2.imwrite(picture, np.zeros((16, 16, 3), np.uint8))
    settings = {'folder': str(tmp_path / 'frames'), 'filename_tmpl': '{video}_{:03}.png'}
    assert _check(replace(sound, videos=VideoPlaces(**settings, fps=2))).problems == []
    late = _check(replace(sound, videos=VideoPlaces(**settings, fps=4)))  # one second long
    assert [(each.kind, each.count) for each in late.problems] == [
        ('timestamps outside the video', 2)
    ]
    early = VideoPlaces(folder=str(videos), start_second=900)
    assert _check(replace(sound, videos=early)).number('error') == 4
    (tmp_path / 'table.csv').write_text('a,a.mp4,0\nb,b.mp4,1\n')
    table = VideoPlaces(folder=str(videos), table=str(tmp_path / 'table.csv'))
    assert _check(replace(sound, videos=table)).problems == []
    (tmp_path / 'table.csv').write_text('a,a.mp4,0\nb,b.mp4,zero\n')
    table = VideoPlaces(folder=str(videos), table=str(tmp_path / 'table.csv'))
    (problem,) = _check(replace(sound, videos=table)).problems
    assert problem.kind == 'table or folder of videos' and 'zero' in problem.examples[0]


def test_missing_videos_may_be_skipped(sound: BoxSet) -> None:
    with open(sound.ann_file, 'a') as file:
        file.write('c,1,.1,.1,.5,.5,1,1\n')
    settings: dict[str, Any] = {'missing_videos': 'skip', 'proposal_file': None}
    (problem,) = _check(replace(sound, **settings)).problems
    assert (problem.level, problem.kind) == ('warning', 'missing videos')


def test_classes_without_rows_and_without_training_are_told(sound: BoxSet, tmp_path: Path) -> None:
    train = tmp_path / 'train.csv'
    train.write_text('\n'.join(row for row in ROWS if ',1,0' in row) + '\n')
    reports = check_sets([replace(sound, name='train', ann_file=str(train)), sound])
    (lacking,), (untrained,) = (report.problems for report in reports)
    assert lacking.kind == 'classes without rows' and lacking.examples == ['id 3 (run)']
    assert untrained.kind == 'classes that are not trained on'
    assert untrained.examples == ['id 3 (run) has 2 rows, but none in train']
    assert {lacking.level, untrained.level} == {'warning'}


def test_all_lists_of_a_config_are_found_once(sound: BoxSet, videos: Path) -> None:
    val = {
        'type': 'ActionBoxDataset',
        'ann_file': sound.ann_file,
        'label_map': sound.label_map,
        'proposal_file': sound.proposal_file,
        'min_box_score': 0.8,
        'videos': {'folder': str(videos)},
        'pipeline': [],
        'test_mode': True,
    }
    train = {'type': 'RepeatDataset', 'times': 2, 'dataset': {**val, 'boxes': 'truth'}}
    cfg = Config(
        {
            'train_dataloader': {'dataset': train},
            'val_dataloader': {'dataset': val},
            'test_dataloader': {'dataset': val},
        }
    )
    found = sets_of(cfg)
    assert [each.name for each in found] == ['train', 'val and test']
    assert [each.proposal_file for each in found] == [None, sound.proposal_file]
    assert found[1].min_box_score == 0.8 and found[1].videos == VideoPlaces(folder=str(videos))
    with pytest.raises(ValueError, match='no data set of boxes'):
        sets_of(Config({'train_dataloader': {'dataset': {'type': 'VideoListDataset'}}}))


def test_a_video_is_decoded_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / 'x.mp4'
    write_video(path, numbered_frames(30, 16, 16), fps=15)
    assert measure({'filename': str(path)}) == (30, 15.0)
    assert 'no such file' in measure({'filename': str(tmp_path / 'y.mp4')})
