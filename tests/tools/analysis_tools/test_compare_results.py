"""Contract: compare_results.py says which is better and writes pictures, or ends in one line."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.support.tools import CallTool

LABELS = np.random.default_rng(0).integers(0, 4, 60)


def write(path: Path, wrong: int, labelled: bool = True) -> None:
    """Predictions, the first ``wrong`` of which are wrong."""
    predicted = LABELS.copy()
    predicted[:wrong] = (predicted[:wrong] + 1) % 4
    scores = torch.nn.functional.one_hot(torch.from_numpy(predicted), 4).float()
    more = [{'gt_label': torch.tensor([label])} if labelled else {} for label in LABELS]
    samples = [{'pred_score': row, **extra} for row, extra in zip(scores, more, strict=True)]
    path.write_bytes(pickle.dumps(samples))


@pytest.fixture
def call(call_tool: CallTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / 'old.pkl', 30)
    write(tmp_path / 'new.pkl', 12)
    write(tmp_path / 'bare.pkl', 12, labelled=False)
    Path('classes.txt').write_text('run\njump\neat cake\nsleep\n')
    Path('list.csv').write_text(''.join(f'{n}.mp4 {label}\n' for n, label in enumerate(LABELS)))
    Path('bad.pkl').write_bytes(b'cos\nsystem\n(S"true"\ntR.')
    return lambda *words: call_tool('analysis_tools/compare_results.py', *words)


def test_text_and_files(call: Any, tmp_path: Path) -> None:
    code, out, err = call('old.pkl', 'new.pkl', '--classes', 'classes.txt', '--out', 'out')
    assert (code, err) == (0, '')
    assert 'old' in out and ' 50.00' in out and ' 80.00' in out and '+30.00 points' in out
    assert '18 with new alone' in out and 'classes that gain most' in out
    for name in ('confusion.png', 'gains.png'):
        assert min(Image.open(tmp_path / 'out' / name).size) > 150
    assert {'run', 'jump', 'eat cake', 'sleep'} == {
        line.split(',')[1] for line in (tmp_path / 'out/classes.csv').read_text().splitlines()[1:]
    }


def test_json_is_one_object(call: Any) -> None:
    _, out, _ = call('old.pkl', 'new.pkl', '--json', '--out', 'out')
    told = json.loads(out)
    assert told['first']['top1'] == 0.5 and told['second']['top1'] == 0.8
    assert told['p_value'] == pytest.approx(2 / 2**18) and told['files']['gains'] == 'out/gains.png'


def test_labels_from_the_list(call: Any) -> None:
    words = ('--annotations', 'list.csv', '--json', '--out', 'out')
    _, out, _ = call('bare.pkl', 'bare.pkl', *words)
    assert json.loads(out)['first']['top1'] == 0.8


@pytest.mark.parametrize(('words', 'told'), [
    (('none.pkl', 'new.pkl'), 'none.pkl'),
    (('bad.pkl', 'new.pkl'), 'bad.pkl is not a dump'),
    (('bare.pkl', 'bare.pkl'), '--annotations'),
    (('old.pkl', 'new.pkl', '--classes', 'none.txt'), 'cannot read the file of class names'),
    (('old.pkl', 'new.pkl', '--annotations', 'none.csv'), 'none.csv'),
    (('old.pkl', 'new.pkl', '--top', '0'), '--top must be positive'),
])  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(
    call: Any, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    code, out, err = call(*words)
    assert (code, out) == (1, '') and told in err
    assert err.startswith('compare_results.py: ') and err.count('\n') == 1
    assert not (tmp_path / 'work_dirs').exists()
