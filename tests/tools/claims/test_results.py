"""Contract: the claim's table follows from its runs: rates chosen on validation, paired gaps."""

from pathlib import Path
from types import ModuleType

import pytest

from tests.support.tools import load_tool


@pytest.fixture(scope='module')
def results() -> ModuleType:
    return load_tool('claims/results.py')


def runs(module: ModuleType, arm: str, tests: dict[tuple[int, float], tuple[float, float]]) -> list:
    """Results at 8 labels by (seed, lr) -> (val, test)."""
    return [
        module.Result(arm, 8, seed, lr, val, test, 1.0) for (seed, lr), (val, test) in tests.items()
    ]


@pytest.fixture
def two_arms(results: ModuleType) -> list:
    """Scratch is best at 4e-3 by validation, although the test clips would say 1e-3."""
    scratch = {(0, 1e-3): (30, 50), (0, 4e-3): (40, 35), (1, 4e-3): (30, 45)}
    pretrained = {(0, 1e-3): (80, 80), (0, 4e-3): (80, 90), (1, 1e-3): (70, 84)}
    return runs(results, 'scratch', scratch) + runs(results, 'pretrained', pretrained)


def test_the_rate_is_chosen_on_validation_and_the_smaller_of_equals(
    results: ModuleType, two_arms: list
) -> None:
    assert results.best_lr(two_arms, 'scratch', 8, 0) == 4e-3
    assert results.best_lr(two_arms, 'pretrained', 8, 0) == 1e-3
    with pytest.raises(ValueError, match='no result of scratch with 4 labels'):
        results.best_lr(two_arms, 'scratch', 4, 0)


def test_gaps_are_differences_seed_by_seed(results: ModuleType, two_arms: list) -> None:
    (row,) = results.summarise(two_arms, results.PRETRAINING)
    assert row.first.tests == (35, 45)
    assert row.second.tests == (80, 84)
    assert row.gaps == (45, 39)
    assert row.first.mean == 40
    assert row.first.deviation == pytest.approx(50**0.5)


def test_labels_that_lack_a_seed_of_one_arm_are_left_out(
    results: ModuleType, two_arms: list
) -> None:
    assert results.summarise(two_arms[:-1], results.PRETRAINING) == []
    assert results.summarise(two_arms[:3], results.PRETRAINING) == []


def test_the_table_has_a_line_per_number_of_labels(results: ModuleType, two_arms: list) -> None:
    rows = results.summarise(two_arms, results.PRETRAINING)
    lines = results.markdown(rows, results.PRETRAINING).splitlines()
    assert lines[0] == '| labels | from scratch | pre-trained | gap | lr |'
    assert lines[2] == '| 8 | 40.0 ± 7.1 | 82.0 ± 2.8 | +42.0 ± 4.2 | 0.004, 0.001 |'
    assert len(lines) == 3


def test_the_curve_is_a_picture(results: ModuleType, two_arms: list, tmp_path: Path) -> None:
    rows = results.summarise(two_arms, results.PRETRAINING)
    results.draw(rows, results.PRETRAINING, 25.0, tmp_path / 'curve.png')
    assert (tmp_path / 'curve.png').read_bytes().startswith(b'\x89PNG')


def test_a_result_file_that_holds_none_is_named(results: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / 'result.json'
    path.write_text('{"arm": "scratch"}')
    with pytest.raises(ValueError, match=r'result\.json has no result'):
        results.load(path)
