"""Contract: eval_segments.py measures a results file of ActivityNet's layout, and draws errors."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / 'tools' / 'analysis_tools' / 'eval_segments.py'
TRUTH = {
    'a': {'subset': 'validation', 'annotations': [{'segment': [0, 10], 'label': 'x'}]},
    'b': {'subset': 'validation', 'annotations': [{'segment': [5, 9], 'label': 'y'}]},
    'c': {'subset': 'training', 'annotations': [{'segment': [1, 2], 'label': 'y'}]},
}


def row(start: float, end: float, label: str = 'x', score: float = 0.9) -> dict:
    return {'segment': [start, end], 'label': label, 'score': score}


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    spec = importlib.util.spec_from_file_location('eval_segments', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    Path('truth.json').write_text(json.dumps({'database': TRUTH}))

    def run(results: object, *words: str) -> tuple[int, str, str]:
        Path('found.json').write_text(json.dumps(results))
        monkeypatch.setattr(sys, 'argv', ['x', 'found.json', 'truth.json', *words])
        capsys.readouterr()
        return module.main(), *capsys.readouterr()

    return run


def test_a_results_file_is_measured(call, tmp_path: Path) -> None:
    found = {'results': {'a': [row(0, 10)], 'b': [row(5, 8, 'y')]}}
    code, out, _ = call(found, '--subset', 'validation', '--json', '--out', 'o')
    metrics = json.loads(out)
    assert code == 0
    # IoU of the second is 0.75: right up to 0.7.
    assert metrics['mAP'] == 1 and metrics['errors']['truths'] == [1, 1]
    assert (tmp_path / 'o' / 'errors.png').read_bytes()[:4] == b'\x89PNG'
    code, out, _ = call(found, '--subset', 'validation', '--iou', '0.5', '0.9')
    assert code == 0 and 'average mAP 75.00' in out and 'IoU 0.90: mAP 50.00' in out
    # A video of the subset without predictions is missed.
    code, out, _ = call({'results': {'a': [row(0, 10)]}}, '--json')
    assert json.loads(out)['AP'] == {'x': 1.0, 'y': 0.0}


@pytest.mark.parametrize(
    ('results', 'message'),
    [
        ([], 'no object "results"'),
        ({'results': {'z': []}}, "video 'z' and 0 more are not in truth.json"),
        ({'results': {'a': [row(0, 1, 'w')]}}, "video 'a' has the unknown label 'w'"),
        ({'results': {'a': [{'label': 'x'}]}}, "video 'a' is no list"),
    ],
)
def test_bad_input_ends_in_one_line(call, results: object, message: str) -> None:
    code, _, err = call(results)
    assert code == 1 and message in err and err.count('\n') == 1
