"""Contract: the commands and Python code of docs/localization.md run unchanged."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.browser import find_browser, visit
from tests.support.videos import moving_shapes, write_video

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'localization.md').read_text(encoding='utf-8')

RunPage = Callable[..., str]
SYNTHESIZE = (
    'python tools/data/synthesize.py untrimmed synthetic --train 6 --val 2 --workers 1 --size 32 '
    '--seconds 8 10 --segment-seconds 1 2 --gap-seconds 0.5 1'
)
SMALL = (
    'train_cfg.max_epochs=1 train_cfg.val_begin=1 default_hooks.checkpoint.interval=1 '
    'train_dataloader.num_workers=0 train_dataloader.persistent_workers=False'
)
# The encoder of one block, where it is trained.
SHALLOW = ' model.backbone.arch.depth=1'


def blocks(language: str) -> list[str]:
    return re.findall(rf'^```{language}\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)


def shortened(command: str) -> str:
    """The command, its training an epoch long, and no segment too unlikely to be shown."""
    command = command.replace('epoch_30', 'epoch_1').replace('--min-score 0.1', '--min-score 0.0')
    if 'tools/train.py' in command:
        joined = ' ' if '--cfg-options' in command else ' --cfg-options '
        return f'{command}{joined}{SMALL}{SHALLOW if "finetune" in command else ""}'
    return command


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory, run_page: RunPage) -> Path:
    """A folder in which all commands were run, with what they printed."""
    folder = tmp_path_factory.mktemp('tutorial')
    write_video(folder / 'new.mp4', moving_shapes(90, 64, 80, seed=99), fps=10)
    copy = (
        'import csv, json, os\n'
        'os.makedirs("data/own"); os.rename("synthetic/videos", "data/own/videos")\n'
        'told = json.load(open("synthetic/annotation.json"))["database"]\n'
        'rows = csv.writer(open("data/own/segments.csv", "w"))\n'
        'rows.writerow(["video", "start", "end", "label"])\n'
        'rows.writerows([f"{name}.mp4", *one["segment"], one["label"]]\n'
        '               for name, video in told.items() for one in video["annotations"])\n'
    )
    (folder / 'own.py').write_text(copy)
    lines = [line for block in blocks('bash') for line in block.splitlines()]
    lines = [SYNTHESIZE, 'python own.py', *map(shortened, lines)]
    (python,) = blocks('python')
    snippet = shortened(python).replace('at_least(0.1)', 'at_least(0.0)')
    (folder / 'printed.txt').write_text(run_page(folder, lines, snippet))
    return folder


def test_there_are_three_commands() -> None:
    section = PAGE.partition('## The three commands')[2].partition('\n## ')[0]
    (block,) = re.findall(r'^```bash\n(.*?)^```$', section, re.MULTILINE | re.DOTALL)
    assert len(block.splitlines()) == 3
    lines = [line for block in blocks('bash') for line in block.splitlines()]
    assert all(re.match(r'(\w+=[\w/]+ )*python tools/', line) for line in lines)


@pytest.mark.slow
def test_segments_of_a_new_video_stand_on_a_timeline(folder: Path) -> None:
    out = folder / 'work_dirs/new'
    assert {path.name for path in out.iterdir()} == {
        'segments.json', 'new.png', 'new.html', 'new.mp4',
    }  # fmt: skip
    found = json.loads((out / 'segments.json').read_text())['results']['new']
    classes = (folder / 'data/own/classes.txt').read_text().split()
    assert len(classes) == 4 and found and {one['label'] for one in found} <= set(classes)
    # The Python of the page tells the same.
    first = found[0]
    start, end = first['segment']
    told = f'{start:.1f} to {end:.1f} s: {first["label"]} ({first["score"]:.2f})'
    assert told in (folder / 'printed.txt').read_text()


@pytest.mark.slow
@pytest.mark.skipif(find_browser() is None, reason='no chromium')
def test_the_page_shows_them_in_a_browser(folder: Path, tmp_path: Path) -> None:
    found = json.loads((folder / 'work_dirs/new/segments.json').read_text())['results']['new']
    seen = visit(folder / 'work_dirs/new/new.html', tmp_path, '#t=4', until='!video.seeking')
    assert seen.tree.count(' class="segment') == 2 * len(found)  # a bar and a row each
    current = sum(one['segment'][0] <= 4 < one['segment'][1] for one in found)
    assert seen.tree.count(' class="segment now') == 2 * current
    assert np.ptp(seen.picture[100:400, 300:700], axis=(0, 1)).min() > 50  # a frame of shapes


@pytest.mark.slow
def test_features_tell_how_they_were_made(folder: Path) -> None:
    told = json.loads((folder / 'data/own/features/val_0000.json').read_text())
    assert (told['window'], told['interval'], told['stride']) == (16, 2, 8)
    assert f'{told["window"] * told["interval"]} frames, every {told["stride"]} frames' in PAGE
    assert told['width'] == 128


@pytest.mark.slow
def test_evaluation_and_sizes(folder: Path) -> None:
    errors = folder / 'work_dirs/own/errors'
    assert {path.name for path in errors.iterdir()} == {'errors.png', 'metrics.json'}
    assert 0 <= json.loads((errors / 'metrics.json').read_text())['mAP'] <= 1
    assert (folder / 'work_dirs/own/lengths.png').is_file()
    assert 'max_seq_len=' in (folder / 'printed.txt').read_text()


def test_every_path_and_environment_of_the_page_exists() -> None:
    named = set(re.findall(r'(?:tools|configs)/[\w./-]+\.py', PAGE))
    linked = {f'docs/{name}' for name in re.findall(r'\]\(([\w/]+\.md)\)', PAGE)}
    assert len(named) > 6 and linked
    assert [path for path in named | linked if not (ROOT / path).is_file()] == []
    bases = (ROOT / f'configs/_base_/datasets/{name}.py' for name in ('custom', 'own_features'))
    base = ''.join(path.read_text(encoding='utf-8') for path in bases)
    for name in set(re.findall(r'\b([A-Z]+_[A-Z]+)=', PAGE)):
        assert f'${name}:' in base
