"""Diving48: labels are indices into the vocabulary; a clip within a file keeps its frames."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae.formats.annotations import Entry, LineFormat, read_list

VOCABULARY = [['Back', '15som', '05Twis', 'FREE'], ['Back', '15som', '15Twis', 'FREE']]
TRAIN = [
    {'vid_name': '-mkuxlVi4kw_00000', 'end_frame': 136, 'label': 1, 'start_frame': 0},
    {'vid_name': 'whole_meet', 'end_frame': 250, 'label': 0, 'start_frame': 100},
]
TEST = [{'vid_name': 'xyz_00003', 'end_frame': 90, 'label': 0, 'start_frame': 0}]


@pytest.fixture
def data(put: Callable[..., Path], tmp_path: Path) -> Path:
    folder = 'data/diving48/annotations'
    put(f'{folder}/Diving48_vocab.json', json.dumps(VOCABULARY))
    put(f'{folder}/Diving48_V2_train.json', json.dumps(TRAIN, indent=1))
    put(f'{folder}/Diving48_V2_test.json', json.dumps(TEST))
    for name in ('-mkuxlVi4kw_00000', 'whole_meet', 'xyz_00003'):
        put(f'data/diving48/videos/{name}.mp4')
    return tmp_path / 'data' / 'diving48'


def test_lists(tool: Callable, data: Path, configured: Callable) -> None:
    assert tool('diving48/prepare.py').code == 0
    assert read_list(data / 'train.csv', LineFormat(labelled=True)) == [
        Entry('-mkuxlVi4kw_00000.mp4', label=1),
        Entry('whole_meet.mp4', start=100, total=150, label=0),
    ]
    assert read_list(data / 'val.csv', LineFormat(labelled=True)) == [
        Entry('xyz_00003.mp4', label=0)
    ]
    assert configured('diving48')['test'] == [('data/diving48/videos/xyz_00003.mp4', 0)]
    assert (data / 'classes.txt').read_text() == 'Back 15som 05Twis FREE\nBack 15som 15Twis FREE\n'


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'label': 2}, "train.json:9: vid_name 'whole_meet': label 2 is not one of 0 to 1"),
        ({'label': '1'}, "label '1' is not one of"),
        ({'label': None}, 'label None is not one of'),
        ({'vid_name': ''}, 'an entry has no vid_name'),
        ({'end_frame': 100}, 'there are no frames from 100 to 100'),
        ({'start_frame': 1.5}, 'frames 1.5 to 250'),
    ],
)
def test_bad_input_is_one_line(
    change: dict[str, object], reason: str, tool: Callable, data: Path
) -> None:
    entries = [TRAIN[0], TRAIN[1] | change]
    (data / 'annotations' / 'Diving48_V2_train.json').write_text(json.dumps(entries, indent=1))
    outcome = tool('diving48/prepare.py')
    assert outcome.code == 1 and not outcome.out and outcome.err.count('\n') == 1
    assert reason in outcome.err


@pytest.mark.parametrize('vocabulary', [{'a': 1}, [], ['a', 'a'], [1]])
def test_bad_vocabulary(vocabulary: object, tool: Callable, data: Path) -> None:
    (data / 'annotations' / 'Diving48_vocab.json').write_text(json.dumps(vocabulary))
    outcome = tool('diving48/prepare.py')
    assert outcome.code == 1 and 'Diving48_vocab.json' in outcome.err
