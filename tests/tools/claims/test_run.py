"""Contract: tools/claims/run.py runs every stage once, continues, and refuses bad options."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.tools import CallTool

Run = Callable[..., subprocess.CompletedProcess]


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('--labels', '6'), 'multiples of the 4 classes'),
        (('--seeds', '0'), '--seeds must be at least 1'),
    ],
)
def test_bad_settings_are_refused_in_one_line(
    call_tool: CallTool, words: tuple[str, ...], message: str
) -> None:
    done = call_tool('claims/run.py', *words)
    assert done.code == 2
    assert message in done.err


@pytest.mark.slow
def test_a_small_claim_runs_through_and_a_second_call_trains_nothing(
    run_tool: Run, tmp_path: Path
) -> None:
    out = tmp_path / 'claims'
    words = ['--quick', '--out', out, '--labels', 4, 8, '--lrs', '1e-3', '--seeds', 2]
    done = run_tool('claims/run.py', *words, '--workers', 0, timeout=600)
    assert done.returncode == 0, done.stderr
    results = json.loads((out / 'results.json').read_text())
    runs = {(r['arm'], r['labels'], r['seed']) for r in results}
    # 40 clips are labelled, and 10 and 100 % of them are 4 and 40.
    numbers = dict.fromkeys(('scratch', 'pretrained'), (4, 8))
    numbers |= dict.fromkeys(('probe_random', 'probe_pretrained', 'teacher'), (4, 40))
    numbers |= dict.fromkeys(('student_labels', 'student_distilled'), (4, 40))
    assert runs == {(arm, n, s) for arm, counts in numbers.items() for n in counts for s in (0, 1)}
    assert all(0 <= r['test'] <= 100 for r in results)
    assert done.stdout == (out / 'table.md').read_text()
    assert len([line for line in done.stdout.splitlines() if line.startswith('| 4')]) == 7
    assert (out / 'accuracy.png').stat().st_size > 1000

    before = {path: path.stat().st_mtime_ns for path in out.rglob('epoch_*.pth')}
    assert len(before) == 2 + len(results)
    again = run_tool('claims/run.py', *words, '--workers', 0, timeout=600)
    assert again.stdout == done.stdout
    assert {path: path.stat().st_mtime_ns for path in out.rglob('epoch_*.pth')} == before
