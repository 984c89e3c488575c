"""Contract: the commands and Python code of docs/classification.md run unchanged."""

import csv
import json
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from mmvideomae.configs import read_config
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
    tagged = folder / 'data/tagged/videos'
    names = list(CLASS_NAMES[:4])
    for clip in range(6):
        write_video(tagged / f'{clip}.mp4', moving_shapes(20, 64, 80, seed=clip), fps=10)
    lines = [f'{n}.mp4,{names[n % 4]},{names[(n + 1) % 4]}\n' for n in range(6)]
    (folder / 'data/tagged/labels.csv').write_text(''.join(lines))
    write_video(folder / 'new.mp4', moving_shapes(20, 64, 80, seed=99), fps=10)
    write_video(folder / 'film.mp4', moving_shapes(55, 64, 80, seed=98), fps=10)
    lines = [line for block in blocks('bash') for line in block.splitlines()]
    if not HAS_ONNX:
        lines = [line for line in lines if 'export.py' not in line]
    (python,) = (block for block in blocks('python') if 'import' in block)
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


def test_the_settings_for_several_labels_turn_a_recipe_into_one(tmp_path: Path) -> None:
    (settings,) = (block for block in blocks('python') if 'import' not in block)
    recipe = (
        ROOT / 'configs/recognition/videomae/videomae_vit-small-p16_1xb16-16x4x1-100e_custom.py'
    )
    leaf = tmp_path / 'leaf.py'
    leaf.write_text(f"_base_ = '{recipe}'\n{settings}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('NUM_CLASSES', '4')
        cfg = read_config(leaf)
    assert cfg.model.cls_head.multi_class and cfg.model.cls_head.num_classes == 4
    for name in ('train', 'val', 'test'):
        assert cfg[f'{name}_dataloader'].dataset.multi_class
    assert cfg.val_evaluator == {'type': 'MultiLabelMAP'}
    assert cfg.test_evaluator.outfile == 'report.json' and cfg.test_evaluator.classwise


@pytest.mark.slow
def test_clips_with_several_labels_are_evaluated_by_average_precision(folder: Path) -> None:
    printed = (folder / 'printed.txt').read_text()
    assert 'label/mAP' in printed
    assert len((folder / 'data/tagged/train.csv').read_text().split()) > 4 * 2
