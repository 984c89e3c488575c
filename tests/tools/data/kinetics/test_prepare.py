"""Kinetics lists have the rows of the official CSV files with files, and alphabetical labels."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae.formats.annotations import Entry, LineFormat, read_list

HEADER = 'label,youtube_id,time_start,time_end,split\n'
TRAIN = (
    HEADER
    + """"massaging person's head",-aBc_d-0123,5,15,train
testifying,--3ouPhoy2A,20,30,train
"passing American football (in game)",0123456789a,0,10,train
testifying,gone0000000,7,17,train
"""
)
VAL = HEADER + 'testifying,vvvvvvvvvvv,1234.0,1244.0,val\n'
TEST = 'youtube_id,time_start,time_end,split\nttttttttttt,3,13,test\n'


@pytest.fixture
def data(put: Callable[..., Path], tmp_path: Path) -> Path:
    put('data/kinetics400/annotations/train.csv', TRAIN)
    put('data/kinetics400/annotations/validate.csv', VAL)
    put('data/kinetics400/annotations/test.csv', TEST)
    for name in (
        'train/massaging_persons_head/-aBc_d-0123_000005_000015.mp4',
        'train/testifying/--3ouPhoy2A_000020_000030.mkv',
        '0123456789a_000000_000010.mp4',
        'val/vvvvvvvvvvv_001234_001244.mp4',
        'test/ttttttttttt_000003_000013.mp4',
        'train/not_listed_000001_000011.mp4',
    ):
        put(f'data/kinetics400/videos/{name}')
    return tmp_path / 'data' / 'kinetics400'


def entries(path: Path) -> list[Entry]:
    return read_list(path, LineFormat())


def test_files_are_found_wherever_they_lie(
    tool: Callable, data: Path, configured: Callable
) -> None:
    outcome = tool('kinetics/prepare.py', 400, '--json')
    assert outcome.code == 0
    assert (data / 'classes.txt').read_text().splitlines() == [
        "massaging person's head",
        'passing American football (in game)',
        'testifying',
    ]
    assert entries(data / 'train.csv') == [
        Entry('train/massaging_persons_head/-aBc_d-0123_000005_000015.mp4', label=0),
        Entry('train/testifying/--3ouPhoy2A_000020_000030.mkv', label=2),
        Entry('0123456789a_000000_000010.mp4', label=1),
    ]
    assert entries(data / 'val.csv') == [Entry('val/vvvvvvvvvvv_001234_001244.mp4', label=2)]
    assert entries(data / 'test.csv') == [Entry('test/ttttttttttt_000003_000013.mp4')]
    assert (data / 'missing.txt').read_text() == 'train\tgone0000000_000007_000017\n'
    assert outcome.summary['listed'] == {'train': 3, 'val': 1, 'test': 1}
    assert outcome.summary['missing'] == {'train': 1, 'val': 0, 'test': 0}
    assert 'has 3 classes, not 400' in outcome.err
    read = configured('kinetics400')
    assert [label for _, label in read['train']] == [0, 2, 1] and read['val'] == read['test']


def test_without_looking_every_row_is_listed(tool: Callable, data: Path) -> None:
    words = ('--no-check-files', '--class-folders', '--out', 'lists', '--extension', '.mkv')
    assert tool('kinetics/prepare.py', 400, *words, '--videos', 'nowhere').code == 0
    assert [entry.path for entry in entries(Path('lists/train.csv'))] == [
        "massaging person's head/-aBc_d-0123_000005_000015.mkv",
        'testifying/--3ouPhoy2A_000020_000030.mkv',
        'passing American football (in game)/0123456789a_000000_000010.mkv',
        'testifying/gone0000000_000007_000017.mkv',
    ]
    assert entries(Path('lists/test.csv')) == [Entry('ttttttttttt_000003_000013.mkv')]


def test_only_test_rows_may_lack_a_label(tool: Callable, data: Path) -> None:
    (data / 'annotations' / 'validate.csv').write_text(HEADER + ',vvvvvvvvvvv,1234,1244,val\n')
    outcome = tool('kinetics/prepare.py', 400)
    assert outcome.code == 1 and 'validate.csv:2: no label' in outcome.err


def test_own_file_names(tool: Callable, data: Path, put: Callable[..., Path]) -> None:
    put('plain/gone0000000.mp4')
    words = ('--file-name', '{id}', '--videos', 'plain', '--out', 'lists')
    outcome = tool('kinetics/prepare.py', 400, *words, '--json')
    assert outcome.code == 0
    assert entries(Path('lists/train.csv')) == [Entry('gone0000000.mp4', label=2)]
    # Nothing of the validation list is there: no list, and no mistaking it for an empty one.
    assert outcome.summary['listed']['val'] == 0 and not Path('lists/val.csv').exists()
    for name in ('{start}', '{video}', '{id'):
        outcome = tool('kinetics/prepare.py', 400, '--file-name', name)
        assert outcome.code == 1 and 'file name' in outcome.err and outcome.err.count('\n') == 1


def test_lists_are_replaced_on_request_only(tool: Callable, data: Path) -> None:
    assert tool('kinetics/prepare.py', 400).code == 0
    before = (data / 'train.csv').read_text()
    assert tool('kinetics/prepare.py', 400).code == 0  # the same again harms nobody
    (data / 'videos' / '0123456789a_000000_000010.mp4').unlink()
    outcome = tool('kinetics/prepare.py', 400)
    assert outcome.code == 1 and '--overwrite' in outcome.err
    assert (data / 'train.csv').read_text() == before
    assert tool('kinetics/prepare.py', 400, '--overwrite').code == 0
    assert len(entries(data / 'train.csv')) == 2
    assert len((data / 'missing.txt').read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ('train', 'words', 'reason'),
    [
        (None, (), 'has no train.csv or'),
        ('', (), 'train.csv:1: the header lacks youtube_id, time_start, time_end'),
        (HEADER, (), 'train.csv lists no clip'),
        (HEADER + 'a,x,1,11,train\nb,y,one,11,train\n', (), "train.csv:3: .*'one'"),
        (HEADER + 'a,x,1,11,train\nb,y\n', (), r"train.csv:3: .*\['b', 'y'\]"),
        (HEADER + 'a,x,1,11,train\nb,,1,11,train\n', (), 'train.csv:3: no YouTube id'),
        (HEADER + ',x,1,11,train\n', (), 'train.csv:2: no label'),
        (HEADER + 'a,x,1,11,train\n', (), "validate.csv:2: the class 'testifying' is none of"),
        (TRAIN, ('--out', 'data/kinetics400/annotations'), 'holds the annotation files'),
        (TRAIN, ('--videos', 'data/kinetics400/annotations'), 'no video below'),
        (TRAIN, ('--videos', 'others'), "no file of train, val, test is below others; looked for "
         "'-aBc_d-0123_000005_000015' and 5 more"),
        (TRAIN, ('--annotations', 'nowhere'), 'no such folder of annotation files: nowhere'),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(
    train: str | None,
    words: tuple[str, ...],
    reason: str,
    tool: Callable,
    data: Path,
    put: Callable[..., Path],
) -> None:
    put('others/other.mp4')
    path = data / 'annotations' / 'train.csv'
    if train is None:
        path.unlink()
    else:
        path.write_text(train)
    outcome = tool('kinetics/prepare.py', 400, *words)
    assert outcome.code == 1 and not outcome.out and outcome.err.count('\n') == 1
    assert re.search(reason, outcome.err)
    assert not (data / 'classes.txt').exists()
