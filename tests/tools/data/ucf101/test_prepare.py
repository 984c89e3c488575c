"""UCF101: three splits; class numbers start at 1 in the files and at 0 in the lists."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae.formats.annotations import Entry, LineFormat, read_list

CLASSES = '1 ApplyEyeMakeup\n2 ApplyLipstick\n'


def clip(name: str, group: int) -> str:
    return f'{name}/v_{name}_g{group:02}_c01.avi'


@pytest.fixture
def data(put: Callable[..., Path], tmp_path: Path) -> Path:
    folder = 'data/ucf101/annotations'
    put(f'{folder}/classInd.txt', CLASSES.replace('\n', '\r\n'))
    for split in (1, 2, 3):
        train = [g for g in (1, 2, 3) if g != split]
        lines = [f'{clip("ApplyEyeMakeup", g)} 1' for g in train]
        lines += [f'{clip("ApplyLipstick", g)} 2' for g in train]
        put(f'{folder}/trainlist0{split}.txt', '\r\n'.join(lines) + '\r\n')
        tests = [clip('ApplyEyeMakeup', split), clip('ApplyLipstick', split)]
        put(f'{folder}/testlist0{split}.txt', '\n'.join(tests) + '\n')
    for name in ('ApplyEyeMakeup', 'ApplyLipstick'):
        for group in (1, 2, 3):
            put(f'data/ucf101/videos/{clip(name, group)}')
    return tmp_path / 'data' / 'ucf101'


def test_three_splits(tool: Callable, data: Path, configured: Callable) -> None:
    outcome = tool('ucf101/prepare.py', '--json')
    assert outcome.code == 0
    assert outcome.summary['next'].startswith('mmvideomae train configs/')
    assert outcome.summary['next'].endswith('_ucf101.py')
    elsewhere = tool('ucf101/prepare.py', '--out', 'out').out
    assert elsewhere.endswith('_ucf101.py  # with files in data/ucf101\n')
    for split in (1, 2, 3):
        train = read_list(data / f'split{split}' / 'train.csv', LineFormat(labelled=True))
        val = read_list(data / f'split{split}' / 'val.csv', LineFormat(labelled=True))
        assert [entry.label for entry in train] == [0, 0, 1, 1]
        assert val == [
            Entry(clip('ApplyEyeMakeup', split), label=0),
            Entry(clip('ApplyLipstick', split), label=1),
        ]
        paths = {entry.path for entry in train + val}
        assert len(paths) == 6 and all((data / 'videos' / path).is_file() for path in paths)
    assert (data / 'classes.txt').read_text() == 'ApplyEyeMakeup\nApplyLipstick\n'
    assert outcome.summary['listed']['split2/train'] == 4
    assert len(configured('ucf101')['train']) == 4


def test_missing_and_moved_files(tool: Callable, data: Path) -> None:
    (data / 'videos' / clip('ApplyLipstick', 1)).unlink()
    moved = data / 'videos' / clip('ApplyEyeMakeup', 1)
    moved.rename(data / 'videos' / 'v_ApplyEyeMakeup_g01_c01.mp4')
    assert tool('ucf101/prepare.py').code == 0
    val = read_list(data / 'split1' / 'val.csv', LineFormat(labelled=True))
    assert val == [Entry('v_ApplyEyeMakeup_g01_c01.mp4', label=0)]
    assert (data / 'missing.txt').read_text().splitlines() == [
        'split1/val\tApplyLipstick/v_ApplyLipstick_g01_c01',
        'split2/train\tApplyLipstick/v_ApplyLipstick_g01_c01',
        'split3/train\tApplyLipstick/v_ApplyLipstick_g01_c01',
    ]


def test_of_two_files_of_one_name_the_one_of_the_class_is_taken(
    tool: Callable, data: Path, put: Callable[..., Path]
) -> None:
    put('data/ucf101/videos/A_backup/v_ApplyEyeMakeup_g01_c01.avi')
    assert tool('ucf101/prepare.py').code == 0
    val = read_list(data / 'split1' / 'val.csv', LineFormat(labelled=True))
    assert val[0].path == clip('ApplyEyeMakeup', 1)


@pytest.mark.parametrize(
    ('name', 'text', 'reason'),
    [
        ('classInd', 'ApplyEyeMakeup\n', 'classInd.txt:1: expected "number class"'),
        ('classInd', '1 A\n1 B\n', 'classInd.txt:2: expected'),
        ('classInd', '0 ApplyEyeMakeup\n1 ApplyLipstick\n', 'are not 1 to 2'),
        (
            'trainlist01',
            'Cooking/v_Cooking_g01_c01.avi 3\n',
            "trainlist01.txt:1: the folder 'Cooking'",
        ),
        ('trainlist01', clip('ApplyLipstick', 1) + ' 1\n', 'class 1 in the folder of class 2'),
        ('testlist03', None, 'has no testlist03.txt'),
    ],
)
def test_bad_input_is_one_line(
    name: str, text: str | None, reason: str, tool: Callable, data: Path
) -> None:
    path = data / 'annotations' / f'{name}.txt'
    path.unlink() if text is None else path.write_text(text)
    outcome = tool('ucf101/prepare.py')
    assert outcome.code == 1 and not outcome.out and outcome.err.count('\n') == 1
    assert reason in outcome.err
