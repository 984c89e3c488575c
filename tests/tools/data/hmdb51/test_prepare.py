"""HMDB51: 1 trains, 2 tests, 0 is left out, in each of three splits; odd file names work."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae.formats.annotations import LineFormat, read_list

# Names as odd as the published ones.
CLIPS = {
    'brush_hair': ['#1 Brush_hair_(how to)_np1_ba_goo_0.avi', 'April_09_brush_hair_u_nm_np1.avi'],
    'wave': ["Don't_wave; or, do!_np1_fr_med_1.avi", 'a&b[c]_wave_f_cm_np1.avi', 'wave_2.avi'],
}
USES = {1: (1, 2, 0), 2: (2, 0, 1), 3: (0, 1, 2)}


@pytest.fixture
def data(put: Callable[..., Path], tmp_path: Path) -> Path:
    for name, clips in CLIPS.items():
        for split, uses in USES.items():
            lines = [f'{clip} {use} ' for clip, use in zip(clips, uses, strict=False)]
            put(f'data/hmdb51/annotations/{name}_test_split{split}.txt', '\n'.join(lines) + '\n')
        for clip in clips:
            put(f'data/hmdb51/videos/{name}/{clip}')
    return tmp_path / 'data' / 'hmdb51'


def test_three_splits(tool: Callable, data: Path, configured: Callable) -> None:
    assert tool('hmdb51/prepare.py').code == 0
    assert (data / 'classes.txt').read_text() == 'brush_hair\nwave\n'
    for split, uses in USES.items():
        for use, name in ((1, 'train'), (2, 'val')):
            expected = {
                (f'{folder}/{clip}', label)
                for label, (folder, clips) in enumerate(CLIPS.items())
                for clip, given in zip(clips, uses, strict=False)
                if given == use
            }
            found = read_list(data / f'split{split}' / f'{name}.csv', LineFormat(labelled=True))
            assert {(entry.path, entry.label) for entry in found} == expected
            assert len(found) == len(expected)
    assert len(configured('hmdb51')['train']) == 2


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('a.avi 3\n', 'wave_test_split2.txt:1: expected "name.avi" and 0, 1 or 2'),
        ('1\n', 'wave_test_split2.txt:1: expected'),
        (None, 'has no wave_test_split2.txt'),
    ],
)
def test_bad_input_is_one_line(text: str | None, reason: str, tool: Callable, data: Path) -> None:
    path = data / 'annotations' / 'wave_test_split2.txt'
    path.unlink() if text is None else path.write_text(text)
    outcome = tool('hmdb51/prepare.py')
    assert outcome.code == 1 and not outcome.out and outcome.err.count('\n') == 1
    assert reason in outcome.err


def test_a_folder_without_splits(tool: Callable, put: Callable[..., Path]) -> None:
    put('here/readme.txt')
    for folder, reason in (
        ('here', 'has no files CLASS_test_split1.txt'),
        ('no', 'no such folder'),
    ):
        outcome = tool('hmdb51/prepare.py', '--annotations', folder)
        assert outcome.code == 1 and reason in outcome.err
