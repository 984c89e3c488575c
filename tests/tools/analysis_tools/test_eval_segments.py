"""Contract: eval_segments.py evaluates results in ActivityNet's layout, and draws errors."""

import json
from pathlib import Path

import pytest

from tests.support.tools import CallTool, Outcome

TRUTH = {
    'a': {'subset': 'validation', 'annotations': [{'segment': [0, 10], 'label': 'x'}]},
    'b': {'subset': 'validation', 'annotations': [{'segment': [5, 9], 'label': 'y'}]},
    'c': {'subset': 'training', 'annotations': [{'segment': [1, 2], 'label': 'y'}]},
}


def row(start: float, end: float, label: str = 'x', score: float = 0.9) -> dict:
    return {'segment': [start, end], 'label': label, 'score': score}


@pytest.fixture
def call(call_tool: CallTool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    Path('truth.json').write_text(json.dumps({'database': TRUTH}))

    def run(results: object, *words: str) -> Outcome:
        Path('found.json').write_text(json.dumps(results))
        return call_tool('analysis_tools/eval_segments.py', 'found.json', 'truth.json', *words)

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
    code, out, err = call({'results': {'a': [row(0, 10)]}}, '--json', '--subset', 'validation')
    assert json.loads(out)['AP'] == {'x': 1.0, 'y': 0.0}
    assert "1 of 2 annotated videos, such as 'b', have no results" in err
    code, _, err = call({'results': {name: [] for name in TRUTH}}, '--subset', 'training')
    assert code == 0 and "2 videos of other subsets, such as 'a', are left out" in err


def test_results_of_one_subset_are_not_compared_with_all(call) -> None:
    """A third of the mAP would be shown."""
    found = {'results': {'a': [row(0, 10)], 'b': [row(5, 9, 'y')]}}
    code, out, err = call(found)
    assert code == 1 and not out and err.count('\n') == 1
    assert "of 'validation' 2 of 2 annotated videos, of 'training' 0 of 1" in err
    assert '--subset validation, or --subset validation training if this is intended' in err
    code, out, err = call(found, '--subset', 'validation')
    assert code == 0 and 'average mAP 100.00' in out and not err
    assert call(found, '--subset', 'validation', 'training')[0] == 0
    assert call({'results': {**found['results'], 'c': [row(1, 2, 'y')]}})[0] == 0


def test_a_segment_that_is_named_twice_counts_once(call) -> None:
    """Also with ends 1 ms apart; the same times with another label are another segment."""
    twice = [row(1, 3), row(1.001, 3), row(1.0, 3.0005), row(5, 7), row(9, 9.0005), row(1, 3, 'y')]
    truth = {'a': {'subset': 'validation', 'annotations': twice}}
    Path('truth.json').write_text(json.dumps({'database': truth}))
    code, out, err = call({'results': {'a': [row(1, 3), row(5, 7, score=0.8), row(1, 3, 'y')]}})
    assert code == 0 and 'average mAP 100.00' in out
    assert err.count('\n') == 1 and 'of 6 segments 2 repeat another' in err
    assert "1 are shorter than 1 ms: these are left out, first in video 'a'" in err
    Path('truth.json').write_text(json.dumps({'database': {'a': {'annotations': [row(3, 1)]}}}))
    code, _, err = call({'results': {'a': []}})
    assert code == 1 and "video 'a': segment [3, 1] 'x' ends before it begins" in err


@pytest.mark.parametrize(
    ('results', 'message'),
    [
        ([], 'no object "results"'),
        ({'results': {'z': []}}, "video 'z' is not in truth.json"),
        ({'results': {'y': [], 'z': []}}, "video 'y' and 1 more are not in truth.json"),
        ({'results': {'a': [row(0, 1, 'w')]}}, "video 'a' has the unknown label 'w'"),
        ({'results': {'a': {'label': 'x'}}}, "video 'a' has no list of"),
        ({'results': {'a': [{'label': 'x'}]}}, "video 'a': \"{'label': 'x'}\" is not {"),
        ({'results': {'a': [{'segment': [1, 2], 'label': 'x'}]}}, 'has no score: every segment'),
        ({'results': {'a': [row(3, 1)]}}, 'ends before it begins'),
        ({'results': {'a': [row(1, 3, score=float('nan'))]}}, 'three finite numbers'),
        ({'results': {'a': [row(1, 'late')]}}, 'three finite numbers'),
        ({'results': {'a': [row(1, 3, None)]}}, 'not the name of a class'),
    ],
)
def test_bad_input_ends_in_one_line(call, results: object, message: str) -> None:
    code, _, err = call(results, '--subset', 'validation')
    assert code == 1 and message in err and err.count('\n') == 1
