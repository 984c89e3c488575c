"""Something-Something V1: the labels file orders the classes, and frames are counted."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae.formats.annotations import Entry, LineFormat, read_list

CLASSES = ['Holding something', 'Putting something, then it falls', 'Attaching something; twice']


@pytest.fixture
def data(put: Callable[..., Path], tmp_path: Path) -> Path:
    start = 'data/sthv1/annotations/something-something-v1-'
    put(f'{start}labels.csv', '\n'.join(CLASSES) + '\n')
    put(f'{start}train.csv', f'100218;{CLASSES[1]}\n24413;{CLASSES[0]}\r\n3;{CLASSES[2]}\n')
    put(f'{start}validation.csv', f'9;{CLASSES[2]}\n')
    put(f'{start}test.csv', '1420\n')
    for clip, total in {'100218': 3, '24413': 5, '9': 2, '1420': 4}.items():
        for number in range(1, total + 1):
            put(f'data/sthv1/rawframes/{clip}/{number:05}.jpg')
    put('data/sthv1/rawframes/1420/00007.jpg')  # behind a gap: the clip is left out
    return tmp_path / 'data' / 'sthv1'


def test_frame_folders(tool: Callable, data: Path, configured: Callable) -> None:
    outcome = tool('sthv1/prepare.py', '--frames', '--json')
    assert outcome.code == 0
    labelled = LineFormat.of('path total label', labelled=True)
    assert read_list(data / 'train_rawframes.csv', labelled) == [
        Entry('100218', total=3, label=1),
        Entry('24413', total=5, label=0),
    ]
    assert read_list(data / 'val_rawframes.csv', labelled) == [Entry('9', total=2, label=2)]
    assert not (data / 'test_rawframes.csv').exists()
    assert (data / 'classes.txt').read_text().splitlines() == CLASSES
    missing = (data / 'missing_rawframes.txt').read_text().splitlines()
    assert missing[0] == 'train\t3/00001.jpg' and len(missing) == 2
    assert missing[1].startswith('test\t1420/00001.jpg\tcannot read video')
    assert "frame '00005.jpg' is missing" in missing[1]
    assert outcome.summary['missing'] == {'train': 1, 'val': 0, 'test': 1}
    assert missing[1].endswith(outcome.summary['faults'][0])
    assert configured('sthv1')['val'] == [('data/sthv1/rawframes/9', 2)]


def test_videos_beside_frames(tool: Callable, data: Path, put: Callable[..., Path]) -> None:
    for clip in ('100218', '3', '9'):
        put(f'data/sthv1/videos/{clip}.mp4')
    assert tool('sthv1/prepare.py', '--frames').code == 0
    assert tool('sthv1/prepare.py').code == 0  # classes.txt stands there with the same content
    assert read_list(data / 'train.csv', LineFormat(labelled=True)) == [
        Entry('100218.mp4', label=1),
        Entry('3.mp4', label=2),
    ]


@pytest.mark.parametrize(
    ('name', 'text', 'reason'),
    [
        (
            'train',
            '1;Holding something\n2;Eating something\n',
            "train.csv:2: 'Eating something'",
        ),
        ('train', '1,Holding something\n', 'train.csv:1: expected "id;class"'),
        ('labels', 'Holding something\nHolding something\n', "'Holding something' twice"),
        ('labels', '', 'train.csv:1: .* is none of the 0 classes'),
    ],
)
def test_bad_input_is_one_line(
    name: str, text: str, reason: str, tool: Callable, data: Path
) -> None:
    (data / 'annotations' / f'something-something-v1-{name}.csv').write_text(text)
    outcome = tool('sthv1/prepare.py', '--frames')
    assert outcome.code == 1 and not outcome.out and outcome.err.count('\n') == 1
    assert re.search(reason, outcome.err)


def test_frames_cannot_be_assumed(tool: Callable, data: Path) -> None:
    outcome = tool('sthv1/prepare.py', '--frames', '--no-check-files')
    assert outcome.code == 1 and 'counts the frames' in outcome.err
