"""Something-Something V2: classes are templates without brackets, numbered as in the file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae.formats.annotations import Entry, LineFormat, read_list

LABELS = {
    'Approaching something with your camera': '0',
    'Holding something next to something': '2',
    'Pretending to put something into something, but missing so it is left behind': '1',
}
TRAIN = [
    {
        'id': '78687',
        'label': 'holding potato next to vicks vaporub bottle',
        'template': 'Holding [something] next to [something]',
        'placeholders': ['potato', 'vicks vaporub bottle'],
    },
    {
        'id': '42326',
        'label': 'approaching cup with your camera',
        'template': 'Approaching [something] with your camera',
        'placeholders': ['cup'],
    },
]
VAL = [
    {
        'id': '74225',
        'template': 'Pretending to put [something] into [something], but missing so it is left '
        'behind',
    }
]


@pytest.fixture
def data(put: Callable[..., Path], tmp_path: Path) -> Path:
    start = 'data/sthv2/annotations/something-something-v2-'
    put(f'{start}labels.json', json.dumps(LABELS))
    put(f'{start}train.json', json.dumps(TRAIN, indent=0))
    put(f'{start}validation.json', json.dumps(VAL))
    put(f'{start}test.json', json.dumps([{'id': '1420'}]))
    for clip in ('78687', '42326', '74225'):
        put(f'data/sthv2/videos/{clip}.webm')
    return tmp_path / 'data' / 'sthv2'


def test_lists(tool: Callable, data: Path, configured: Callable) -> None:
    outcome = tool('sthv2/prepare.py', '--json')
    assert outcome.code == 0
    assert read_list(data / 'train.csv', LineFormat(labelled=True)) == [
        Entry('78687.webm', label=2),
        Entry('42326.webm', label=0),
    ]
    assert read_list(data / 'val.csv', LineFormat(labelled=True)) == [Entry('74225.webm', label=1)]
    names = (data / 'classes.txt').read_text().splitlines()
    assert {name: str(label) for label, name in enumerate(names)} == LABELS
    assert outcome.summary['missing'] == {'train': 0, 'val': 0, 'test': 1}
    assert (data / 'missing.txt').read_text() == 'test\t1420\n'
    assert configured('sthv2')['val'] == [('data/sthv2/videos/74225.webm', 1)]


def test_frame_folders_and_the_newer_file_names(
    tool: Callable, put: Callable[..., Path], tmp_path: Path
) -> None:
    put('labels/labels.json', json.dumps(LABELS))
    put('labels/train.json', json.dumps(TRAIN))
    put('labels/validation.json', json.dumps(VAL))
    for number in range(1, 4):
        put(f'frames/78687/{number:06}.png')
    words = ('--frames', '--filename-tmpl', '{:06}.png', '--annotations', 'labels')
    assert tool('sthv2/prepare.py', *words, '--videos', 'frames', '--out', 'out').code == 0
    line_format = LineFormat.of('path total label', labelled=True)
    found = read_list('out/train_rawframes.csv', line_format)
    assert found == [Entry('78687', total=3, label=2)]
    put('frames/42326/000000.png')
    put('frames/42326/000002.png')
    outcome = tool('sthv2/prepare.py', *words, '--videos', 'frames', '--out', 'gap')
    assert (
        "1 left out: cannot read video 'frames/42326': frame '000001.png' is missing" in outcome.out
    )
    missing = (tmp_path / 'gap' / 'missing_rawframes.txt').read_text().splitlines()
    assert missing[0].startswith('train\t42326/000001.png\tcannot read') and len(missing) == 2
    outcome = tool('sthv2/prepare.py', *words[:2], 'frame.png', *words[3:], '--videos', 'frames')
    assert outcome.code == 1 and 'place for the number' in outcome.err


@pytest.mark.parametrize(
    ('name', 'text', 'reason'),
    [
        ('train', '[{"id": "1",\n "template": "Eating [something]"}]',
         "train.json:1: id '1': 'Eating something' is none of the 3 classes"),
        ('train', '[\n{"id": "7"}]', "train.json:2: id '7': no template"),
        ('train', '[{}]', 'an entry has no id'),
        ('train', '{"id": "1"}', 'must hold a list of objects'),
        ('train', '[\n{"id": 1,}]', 'train.json:2: not valid JSON'),
        ('labels', '{"a": "0", "b": "2"}', 'are not 0 to 1'),
        ('labels', '["a"]', 'must map class names'),
        ('labels', '{"a": "one"}', 'must map class names'),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(
    name: str, text: str, reason: str, tool: Callable, data: Path
) -> None:
    (data / 'annotations' / f'something-something-v2-{name}.json').write_text(text)
    outcome = tool('sthv2/prepare.py')
    assert outcome.code == 1 and not outcome.out and outcome.err.count('\n') == 1
    assert reason in outcome.err
