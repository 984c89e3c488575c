"""Contract: the commands and Python code of docs/classification.md run unchanged."""

import csv
import json
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from mmvideomae.synthetic.motion import CLASS_NAMES
from tests.support.videos import moving_shapes, write_video

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'classification.md').read_text(encoding='utf-8')

RunPage = Callable[..., str]
HAS_ONNX = all(map(find_spec, ('onnx', 'onnxscript', 'onnxruntime')))
SMALL = (
    'train_cfg.max_epochs=1 train_cfg.val_interval=1 default_hooks.checkpoint.interval=1 '
    'train_dataloader.num_workers=0 train_dataloader.persistent_workers=False '
    'model.backbone.arch.depth=1'
)


def blocks(language: str) -> list[str]:
    return re.findall(rf'^```{language}\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)


def shortened(command: str) -> str:
    """The command, its training an epoch long and its camera a file."""
    command = re.sub(r'epoch_\d+', 'epoch_1', command)
    if 'tools/train.py' in command:
        joined = ' ' if '--cfg-options' in command else ' --cfg-options '
        return f'{command}{joined}{SMALL}'
    return command.replace(' 0 --live', ' new.mp4 --live --seconds 0.4 --window 0.2')


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory, run_page: RunPage) -> Path:
    """A folder in which all commands were run, with what they printed."""
    folder = tmp_path_factory.mktemp('tutorial')
    for number, name in enumerate(CLASS_NAMES[:4]):
        for clip in range(3):
            path = folder / 'data/custom/videos' / name / f'{clip}.mp4'
            write_video(path, moving_shapes(20, 64, 80, seed=10 * number + clip), fps=10)
    write_video(folder / 'new.mp4', moving_shapes(20, 64, 80, seed=99), fps=10)
    write_video(folder / 'film.mp4', moving_shapes(55, 64, 80, seed=98), fps=10)
    lines = [line for block in blocks('bash') for line in block.splitlines()]
    if not HAS_ONNX:
        lines = [line for line in lines if 'export.py' not in line]
    (python,) = blocks('python')
    printed = run_page(folder, [shortened(line) for line in lines], shortened(python))
    (folder / 'printed.txt').write_text(printed)
    return folder


def test_there_are_three_commands() -> None:
    assert len(blocks('bash')[0].splitlines()) == 3
    lines = [line for block in blocks('bash') for line in block.splitlines()]
    assert all(re.match(r'(\w+=\w+ )?python tools/', line) for line in lines)


@pytest.mark.slow
def test_the_three_commands_name_the_classes_of_a_new_video(folder: Path) -> None:
    printed = (folder / 'printed.txt').read_text()
    assert (folder / 'data/custom/classes.txt').read_text().split() == sorted(CLASS_NAMES[:4])
    table = printed[printed.index('new.mp4') :]
    assert all(name in table for name in CLASS_NAMES[:4])
    assert (folder / 'work_dirs/mine/epoch_1.pth').is_file()


@pytest.mark.slow
def test_two_classifiers_are_compared(folder: Path) -> None:
    out = folder / 'work_dirs/comparison'
    assert {path.name for path in out.iterdir()} == {'gains.png', 'confusion.png', 'classes.csv'}
    rows = list(csv.DictReader((out / 'classes.csv').open()))
    assert {row['class'] for row in rows} == set(CLASS_NAMES[:4])
    assert 'McNemar' in (folder / 'printed.txt').read_text()


@pytest.mark.slow
def test_wrong_clips_are_shown(folder: Path) -> None:
    assert 'clips are wrong' in (folder / 'work_dirs/wrong/index.html').read_text()


@pytest.mark.slow
def test_a_film_becomes_a_timeline(folder: Path) -> None:
    told = json.loads((folder / 'work_dirs/film/film.json').read_text())
    ends = [window['end'] for window in told['windows']]
    assert ends == [2.0, 3.0, 4.0, 5.0, 5.5]
    assert {path.suffix for path in (folder / 'work_dirs/film').iterdir()} == {
        '.json', '.csv', '.png', '.mp4',
    }  # fmt: skip
    # The Python of the page tells the same times.
    assert '3.5 to 5.5 s: ' in (folder / 'printed.txt').read_text()


@pytest.mark.slow
@pytest.mark.skipif(not HAS_ONNX, reason='needs onnx, onnxscript and onnxruntime')
def test_the_onnx_file_is_checked(folder: Path) -> None:
    assert (folder / 'work_dirs/mine.onnx').stat().st_size > 1e6
    assert 'largest difference from PyTorch' in (folder / 'printed.txt').read_text()


def test_every_path_of_the_page_exists() -> None:
    named = set(re.findall(r'(?:tools|configs)/[\w./-]+\.py', PAGE))
    linked = {f'docs/{name}' for name in re.findall(r'\]\(([\w/]+\.md)\)', PAGE)}
    assert len(named) > 8 and linked
    assert [path for path in named | linked if not (ROOT / path).is_file()] == []
