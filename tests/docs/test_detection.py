"""Contract: the commands and Python code of docs/detection.md run on synthetic people.

Blocks of `text` are not run: they need other projects' weights, AVA, or a GPU.
"""

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae.formats.label_maps import read_label_map
from mmvideomae.synthetic.motion import CLASS_NAMES
from mmvideomae.video.readers import open_reader

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'detection.md').read_text(encoding='utf-8')

RunPage = Callable[..., str]
SMALL = (
    ' --cfg-options train_cfg.max_epochs=1 train_cfg.val_interval=1 '
    'default_hooks.checkpoint.interval=1 train_dataloader.num_workers=0 '
    'train_dataloader.persistent_workers=False train_dataloader.batch_size=4'
)
# One process, as above: workers would take longer to start than there is to read.
FEW = '--train 2 --val 1 --train-clips 4 --val-clips 4 --seconds 3 4 --workers 1'


def blocks(language: str) -> list[str]:
    return re.findall(rf'^```{language}\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)


def shortened(command: str) -> str:
    """The command with one epoch of training and all actions shown."""
    command = re.sub(r'epoch_\d+', 'epoch_1', command)
    if 'tools/train.py' in command:
        return command + SMALL
    return f'{command} --min-score 0' if 'detect.py' in command else command


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory, run_page: RunPage) -> Path:
    """A folder in which all commands were run, with what they printed."""
    pytest.importorskip('mmdet', reason='needs the detection level')
    folder = tmp_path_factory.mktemp('tutorial')
    (synthesize,) = (line for line in PAGE.splitlines() if 'synthesize.py people' in line)
    run_page(folder, [f'{synthesize} {FEW}'])
    # A new video, and a list of the people in it.
    shutil.copy(folder / 'data/people/videos/val_0000.mp4', folder / 'new.mp4')
    with (folder / 'data/people/val.csv').open() as file:
        rows = [row for row in csv.DictReader(file) if row['video'] == 'val_0000']
    corners = ('second', 'x1', 'y1', 'x2', 'y2')
    people = [','.join(['new', *(row[key] for key in corners), '0.9']) for row in rows]
    (folder / 'people.csv').write_text('\n'.join(people) + '\n')
    lines = [shortened(line) for block in blocks('bash') for line in block.splitlines()]
    (python,) = blocks('python')
    (folder / 'printed.txt').write_text(run_page(folder, lines, shortened(python)))
    return folder


def classes_of(folder: Path) -> set[str]:
    classes = set(read_label_map(folder / 'data/boxes/label_map.pbtxt').names.values())
    assert len(classes) > 1 and classes <= set(CLASS_NAMES[:4])
    return classes


def test_there_are_three_commands() -> None:
    assert len(blocks('bash')[0].splitlines()) == 3
    lines = [line for block in blocks('bash') for line in block.splitlines()]
    assert len(lines) == 7 and all(line.startswith('python tools/') for line in lines)


@pytest.mark.slow
def test_a_new_video_is_told_of(folder: Path) -> None:
    told = json.loads((folder / 'work_dirs/new/new.json').read_text())
    with (folder / 'people.csv').open() as file:
        listed = [row[1] for row in csv.reader(file)]
    assert [frame['second'] for frame in told['key_frames']] == sorted({float(s) for s in listed})
    assert sum(len(frame['people']) for frame in told['key_frames']) == len(listed)
    classes = classes_of(folder)
    for frame in told['key_frames']:
        for person in frame['people']:
            assert {action['label'] for action in person['actions']} == classes
    with (
        open_reader(folder / 'work_dirs/new/new.mp4') as overlay,
        open_reader(folder / 'new.mp4') as video,
    ):
        assert len(overlay) == len(video)
    # The Python of the page tells of the same key frames.
    assert '2.0 s, box [' in (folder / 'printed.txt').read_text()


@pytest.mark.slow
def test_the_data_set_is_checked_and_the_detector_measured(folder: Path) -> None:
    printed = (folder / 'printed.txt').read_text()
    checked = printed[printed.index('$ python tools/data/ava/check.py') :]
    assert all(name in checked for name in classes_of(folder))
    out = folder / 'work_dirs/boxes/per_class'
    assert {path.name for path in out.iterdir()} == {'per_class.png', 'metrics.json'}
    assert 0 <= json.loads((out / 'metrics.json').read_text())['mAP'] <= 1


def test_every_path_of_the_page_exists() -> None:
    named = set(re.findall(r'(?:tools|configs)/[\w./-]+\.(?:py|sh)', PAGE))
    linked = {f'docs/{name}' for name in re.findall(r'\]\(([\w./-]+\.md)(?:#[\w-]+)?\)', PAGE)}
    assert len(named) > 8 and len(linked) > 2
    assert [path for path in named | linked if not (ROOT / path).is_file()] == []
