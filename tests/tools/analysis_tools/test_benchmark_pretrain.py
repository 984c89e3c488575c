"""benchmark_pretrain.py compares like with like, in text or JSON, with or without Hugging Face."""

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from mmvideomae.analysis.pretrain_contenders import StepTimes
from tests.support.tools import CallTool, Outcome, load_tool

TOOL = 'analysis_tools/benchmark_pretrain.py'
SMALL = ['--arch', 'tiny', '--img-size', '64', '--frames', '4', '--batch-size', '2']
QUICK = [*SMALL, '--rounds', '2', '--ceiling-size', '64', '--device', 'cpu']


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    return load_tool(TOOL)


@pytest.fixture
def run(call_tool: CallTool) -> Callable[..., Outcome]:
    return lambda *words: call_tool(TOOL, *words)


@pytest.mark.slow
def test_all_contenders_report_speed_memory_and_ratios(run) -> None:
    pytest.importorskip('transformers', minversion='5.0')
    report = run(*QUICK, '--json').summary
    contenders = report['contenders']
    assert set(contenders) == {'dual', 'encoder-only', 'hf-sdpa', 'hf-eager'}
    for row in contenders.values():
        assert row['clips_per_s'] > 0
        assert row['share_of_ceiling'] > 0
        assert row['memory']['peak'] > row['memory']['retained'] > 0
    macs = {name: row['gmacs_per_clip'] for name, row in contenders.items()}
    # Fused and eager attention count the same; ours leaves out what is not needed.
    assert macs['hf-sdpa'] == macs['hf-eager']
    assert macs['dual'] < macs['encoder-only'] < macs['hf-sdpa']
    assert set(report['speed_ratios']) == set(report['memory_ratios'])
    assert report['memory_ratios']['dual / encoder-only']['saved'] < 1


def test_only_ours_needs_no_hugging_face(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'transformers', None)
    _, out, err = run(*QUICK, '--dtype', 'bf16')
    assert 'Without hf-sdpa, hf-eager: transformers >= 5 is not installed' in ' '.join(err.split())
    assert 'dual / encoder-only' in out
    assert 'hf-' not in out
    done = run(*QUICK, '--only', 'hf-sdpa')
    assert done.code == 1 and 'pip install' in done.err


def test_contrast_costs_four_passes_over_all_tokens(run) -> None:
    report = run(*QUICK, '--only', 'encoder-only', 'mocov3', '--json').summary
    macs = {name: row['gmacs_per_clip'] for name, row in report['contenders'].items()}
    assert macs['mocov3'] > 4 * macs['encoder-only']
    assert set(report['speed_ratios']) == {'encoder-only / mocov3'}


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['--img-size', '60'], 'do not divide into cubes'),
        (['--device', 'gramophone'], 'gramophone'),
    ],
)
def test_bad_input_ends_in_one_line(run, args: list[str], message: str) -> None:
    done = run(*QUICK, '--only', 'dual', *args)
    assert done.code == 1 and message in done.err.splitlines()[-1]


def test_ratios_are_taken_round_by_round(tool: ModuleType) -> None:
    # The machine is three times slower in the second round: no ratio may see it.
    ours = [StepTimes(1, 2, 1), StepTimes(3, 6, 3), StepTimes(1, 2, 1)]
    theirs = [StepTimes(2, 4, 2), StepTimes(6, 12, 6), StepTimes(2, 4, 2)]
    assert tool.speed_ratios({'dual': ours, 'hf-sdpa': theirs}) == {'dual / hf-sdpa': 2.0}


def test_turns_rotate_and_ceilings_surround_every_step(tool: ModuleType) -> None:
    order: list[str] = []

    class Fake:
        def __init__(self, name: str) -> None:
            self.name = name

        def time_step(self) -> StepTimes:
            order.append(self.name)
            return StepTimes(1.0, 2.0, 1.0)

    rates = iter([100.0, 300.0, 100.0, 300.0, 100.0])
    contenders = [Fake('a'), Fake('b')]
    console = tool.Console(stderr=True, quiet=True)
    times, shares, ceilings = tool.take_turns(
        contenders, 2, {'a': 200, 'b': 400}, lambda: next(rates), console
    )
    assert order == ['a', 'b', 'b', 'a']
    assert len(times['a']) == len(times['b']) == 2
    assert shares == {'a': [0.5, 0.5], 'b': [1.0, 1.0]}
    assert len(ceilings) == 5
