"""build_k710.py writes lists with existing files, class names, and maps that agree with them."""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae.formats.annotations import Entry, LineFormat, read_list

HEADER = 'label,youtube_id,time_start,time_end,split'
TRAIN = {
    '400': ['drinking,same,3,13', 'abseiling,leak,0,10', 'zumba,gone,0,10'],
    '600': ['sipping cup,same,3,13', 'abseiling,only6,0,10'],
    '700': ['sipping cup,same,3,13', '"tying, necktie",only7,0,10'],
}
VAL = {'400': ['zumba,v4,0,10'], '600': ['zumba,leak,5,15'], '700': ['zumba,v4,0,10']}


@pytest.fixture
def data(put: Callable[..., Path], tmp_path: Path) -> Path:
    for number in ('400', '600', '700'):
        folder = f'data/kinetics{number}'
        for split, rows in (('train', TRAIN), ('val', VAL)):
            text = '\n'.join([HEADER, *(f'{row},{split}' for row in rows[number])]) + '\n'
            put(f'{folder}/annotations/{split}.csv', text)
            for row in rows[number]:
                *_, video, start, end = row.split(',')
                if video != 'gone':
                    put(f'{folder}/videos/some/{video}_{int(start):06d}_{int(end):06d}.mp4')
    return tmp_path / 'data'


def listed(path: Path) -> list[Entry]:
    return read_list(path, LineFormat(labelled=True))


def test_lists_names_and_maps(tool: Callable, data: Path, configured: Callable) -> None:
    outcome = tool('build_k710.py', '--json')
    assert outcome.code == 0
    out = data / 'kinetics710'
    names = (out / 'classes.txt').read_text().splitlines()
    assert names == ['abseiling', 'sipping cup', 'tying, necktie', 'zumba']
    train, val = listed(out / 'train.csv'), listed(out / 'val.csv')
    assert train == [
        Entry('kinetics700/videos/some/same_000003_000013.mp4', label=1),
        Entry('kinetics700/videos/some/only7_000000_000010.mp4', label=2),
        Entry('kinetics600/videos/some/only6_000000_000010.mp4', label=0),
    ]
    assert val == [
        Entry('kinetics700/videos/some/v4_000000_000010.mp4', label=3),
        Entry('kinetics600/videos/some/leak_000005_000015.mp4', label=3),
    ]
    assert all((data / entry.path).is_file() for entry in train + val)
    assert [label for _, label in configured('kinetics710')['train']] == [1, 2, 0]
    maps = {
        n: json.loads((out / f'label_710to{n}.json').read_text()) for n in ('400', '600', '700')
    }
    assert maps == {'400': [0, 1, 3], '600': [0, 1, 3], '700': [1, 2, 3]}
    assert (out / 'missing.txt').read_text() == 'train\tkinetics400\tgone_000000_000010\n'
    assert outcome.summary['clips'] == {'train': 3, 'val': 2}
    assert outcome.summary['rows']['kinetics400']['train'] == {
        'rows': 3, 'kept': 0, 'missing': 1, 'duplicates': 1, 'leaks': 1, 'other_label': 0,
        'other_span': 0,
    }  # fmt: skip
    assert 'kinetics400' in outcome.err and 'lack some classes' in outcome.err


def test_table_preference_and_folders_elsewhere(tool: Callable, data: Path, tmp_path: Path) -> None:
    (data / 'kinetics400').rename(tmp_path / 'old')
    outcome = tool('build_k710.py', '--k400', 'old', '--prefer', 'oldest', '--out', 'lists')
    assert outcome.code == 0
    assert listed(Path('lists/train.csv'))[0] == Entry(
        str(tmp_path / 'old/videos/some/same_000003_000013.mp4'), label=1
    )
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ['kinetics600', 'train', '2', '1', '0', '1', '0', '0', '0'] in rows
    assert '4 classes; 3 clips to train on, 2 to validate on' in outcome.out


def test_order_of_classes_and_unchecked_files(
    tool: Callable, data: Path, put: Callable[..., Path]
) -> None:
    put('order.txt', 'zumba\ntying, necktie\nsipping cup\nabseiling\n')
    words = ('--no-check-files', '--class-order', 'order.txt', '--class-folders')
    assert tool('build_k710.py', *words).code == 0
    out = data / 'kinetics710'
    assert json.loads((out / 'label_710to700.json').read_text()) == [2, 1, 0]
    assert listed(out / 'train.csv')[1:] == [
        Entry('kinetics700/videos/tying, necktie/only7_000000_000010.mp4', label=1),
        Entry('kinetics600/videos/abseiling/only6_000000_000010.mp4', label=3),
        Entry('kinetics400/videos/zumba/gone_000000_000010.mp4', label=0),
    ]


@pytest.mark.parametrize(
    ('change', 'words', 'reason'),
    [
        (('kinetics600', 'train', None), (), 'kinetics600/annotations has no train.csv or'),
        (('kinetics600', 'val', f'{HEADER}\n,x,0,10,val\n'), (), 'val.csv:2: no label'),
        (('kinetics400', 'train', 'id\n'), (), 'train.csv:1: the header lacks'),
        (None, ('--file-name', 'clip'), 'needs a place for the id'),
        (None, ('--file-name', '{id}'), 'none of the 9 clips has a file'),
        (None, ('--class-order', 'order.txt'), 'the given order has 1 names'),
    ],
)
def test_bad_input_is_one_line(
    change: tuple[str, str, str | None] | None,
    words: tuple[str, ...],
    reason: str,
    tool: Callable,
    data: Path,
    put: Callable[..., Path],
) -> None:
    put('order.txt', 'zumba\n')
    if change is not None:
        path = data / change[0] / 'annotations' / f'{change[1]}.csv'
        path.unlink() if change[2] is None else path.write_text(change[2])
    outcome = tool('build_k710.py', *words)
    assert outcome.code == 1 and not outcome.out and outcome.err.count('\n') == 1
    assert reason in outcome.err and not (data / 'kinetics710').exists()


@pytest.mark.slow
def test_650_thousand_rows(
    tool: Callable, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """With the size of the published files; `--junit-xml` or `-s` show the seconds it took."""
    rng = random.Random(0)
    # Kinetics-600 and -700 repeat most of the videos before them.
    sizes = {'400': (127_000, 10_500), '600': (195_000, 14_500), '700': (285_000, 18_000)}
    known: list[str] = []
    held_out: set[str] = set()
    for number, (train, val) in sizes.items():
        repeated = rng.sample(known, int(0.8 * len(known)))
        ids = repeated + [f'{number}{n:08}' for n in range(train + val - len(repeated))]
        rng.shuffle(ids)
        known = sorted({*known, *ids})
        held_out.update(ids[:val])
        for split, part in (('val', ids[:val]), ('train', ids[val:])):
            path = tmp_path / f'data/kinetics{number}/annotations/{split}.csv'
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = (f'class {n % int(number)},{name},3,13,{split}' for n, name in enumerate(part))
            path.write_text('\n'.join([HEADER, *rows]) + '\n')
    began = time.perf_counter()
    assert tool('build_k710.py', '--no-check-files').code == 0
    record_property('seconds', seconds := time.perf_counter() - began)
    print(f'{sum(map(sum, sizes.values()))} rows merged in {seconds:.1f} s')
    found = {
        split: [
            Path(e.path).name.split('_')[0] for e in listed(Path(f'data/kinetics710/{split}.csv'))
        ]
        for split in ('train', 'val')
    }
    assert set(found['val']) == held_out and set(found['train']) == set(known) - held_out
    assert len(found['train']) + len(found['val']) == len(known)
