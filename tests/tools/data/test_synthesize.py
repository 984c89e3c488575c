"""Contract: tools/data/synthesize.py writes what is asked, once, and refuses what it cannot."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / 'tools' / 'data' / 'synthesize.py'


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('synthesize', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _call(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, 'argv', ['synthesize.py', *map(str, words)])
    return tool.main()


SMALL = ('--size', '32x48', '--frames', 4, '--workers', 1, '--json')


def test_clips_per_class_splits_and_unlabelled(
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    words = ('actions', tmp_path, '--classes', 4, '--clips-per-class', 5, '--unlabelled', 2)
    assert _call(tool, monkeypatch, *words, *SMALL) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary['written'] == summary['clips'] == 22 and summary['clips_per_second'] > 0
    counts = {
        p.name: [line.split()[1:] for line in p.read_text().splitlines()]
        for p in tmp_path.glob('*.csv')
    }
    assert {name: len(lines) for name, lines in counts.items()} == {
        'train.csv': 12,
        'val.csv': 4,
        'test.csv': 4,
        'unlabelled.csv': 2,
        'pretrain.csv': 14,
    }
    assert sorted(counts['train.csv']) == sorted([[str(k)] for k in range(4)] * 3)
    assert _call(tool, monkeypatch, *words, *SMALL) == 0
    assert json.loads(capsys.readouterr().out)['written'] == 0


def test_other_data_is_kept_unless_told(
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    words = ('actions', tmp_path, '--clips', 5, *SMALL)
    assert _call(tool, monkeypatch, *words) == 0
    assert _call(tool, monkeypatch, *words, '--seed', 1) == 1
    assert 'holds other data' in capsys.readouterr().err
    assert _call(tool, monkeypatch, *words, '--seed', 1, '--overwrite') == 0
    assert json.loads((tmp_path / 'dataset.json').read_text())['seed'] == 1


def test_interrupted_run_begins_again(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = ('actions', tmp_path, '--clips', 5, *SMALL)
    assert _call(tool, monkeypatch, *words) == 0
    (tmp_path / 'dataset.json').rename(tmp_path / 'dataset.unfinished.json')
    (tmp_path / 'videos' / 'train' / 'move_right_00000.mp4').unlink()
    assert _call(tool, monkeypatch, *words) == 0
    assert (tmp_path / 'videos' / 'train' / 'move_right_00000.mp4').is_file()


def test_style_options_reach_the_settings(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ['synthesize.py', 'actions', 'x', '--difficulty', 'hard', '--no-textures']
    monkeypatch.setattr(sys, 'argv', [*words, '--speed', '0.1', '0.2'])
    style = tool.actions_settings(tool.parse_args()).style
    assert style.random_polarity and not style.textured and style.speed == (0.1, 0.2)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('--splits', 0.5, 0.2, 0.2), 'add up to 1'),
        (('--classes', 40), '40 classes'),
        (('--size', 33), 'even'),
    ],
)
def test_bad_options_end_in_one_line(
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: tuple[object, ...],
    message: str,
) -> None:
    assert _call(tool, monkeypatch, 'actions', tmp_path / 'out', *words) == 1
    error = capsys.readouterr().err
    assert message in error and error.count('\n') == 1
    assert not (tmp_path / 'out').exists()
