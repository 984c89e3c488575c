"""benchmark_views.py: all ways make the same views, and its report is complete."""

import argparse
from types import ModuleType

import cv2
import pytest
import torch

from mmvideomae.analysis.view_contenders import Views, build_model, memory, ways
from tests.support.tools import load_tool
from tests.support.videos import moving_shapes, write_video

TOOL = 'analysis_tools/benchmark_views.py'


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    return load_tool(TOOL)


@pytest.fixture(autouse=True)
def _leave_threads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, 'set_num_threads', lambda count: None)
    monkeypatch.setattr(cv2, 'setNumThreads', lambda count: None)


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
    """A wide video longer than its clips, and a tall one that is shorter."""
    folder = tmp_path_factory.mktemp('a folder')
    wide = write_video(folder / 'clip 1.mp4', moving_shapes(50, 48, 80, seed=4))
    tall = write_video(folder / 'clip 2.mp4', moving_shapes(9, 64, 40, seed=5))
    return str(wide), str(tall)


def settings(**changes):
    common = dict(clips=3, crops=2, clip_len=8, stride=2, size=32, chunk=2, rounds=2)
    return argparse.Namespace(
        **{**common, 'backend': 'auto', 'model': None, 'json': True, **changes}
    )


@pytest.mark.parametrize('number', [0, 1])
def test_all_ways_make_the_same_views(videos, number):
    views = Views(videos[number], settings())
    runs = {name: run() for name, run in ways(views, None).items()}
    assert runs['together'].shape == (6, 8, 32, 32, 3)
    assert len({view.numpy().tobytes() for view in runs['together']}) > 1
    assert torch.equal(runs['together'], runs['separately'])
    assert torch.equal(runs['together'], runs['released'])


def test_all_ways_find_the_same_probabilities(videos):
    args = settings()
    torch.manual_seed(0)
    views, model = Views(videos[0], args), build_model('tiny', args)
    together, separately, released = (run() for run in ways(views, model).values())
    assert together.shape == (400,) and together.sum() == pytest.approx(1)
    assert torch.allclose(together, separately, rtol=1e-5, atol=1e-9)
    assert torch.equal(separately, released)


def test_memory_grows_with_the_chunk_and_not_with_the_views(videos):
    args = settings()
    views, model = Views(videos[0], args), build_model('tiny', args)
    rows = memory(views, model, [1, 3, 6])
    for row in rows:
        assert row['peak_mib_of_twice_the_views'] == pytest.approx(row['peak_mib'], rel=0.02)
    peaks = [row['peak_mib'] for row in rows]
    assert peaks[0] < 0.5 * peaks[1] < 0.3 * peaks[2]


def test_ratios_are_paired_by_round(tool):
    fast = [(2.0, 2.0), (20.0, 5.0), (1.0, 3.0)]
    slow = [(4.0, 2.0), (60.0, 30.0), (9.0, 9.0)]
    assert tool.summary(fast, slow) == {
        'wall_ms': 9000.0,
        'cpu_ms': 9000.0,
        'times_as_long_wall': 3.0,
        'times_as_long_per_core': 3.0,
    }


def test_ways_take_turns_and_the_first_round_warms_up(tool):
    order = []
    runs = {name: lambda name=name: order.append(name) for name in ('together', 'other')}
    results = tool.compare(runs, rounds=2)
    assert order == ['together', 'other', 'other', 'together', 'together', 'other']
    assert results['together']['times_as_long_wall'] == 1


SMALL = [
    *('--clips=2', '--crops=2', '--clip-len=4', '--stride=2'),
    *('--size=32', '--rounds=1', '--chunk=3'),
]


def test_json_is_one_object(call_tool, videos):
    report = call_tool(TOOL, videos[0], *SMALL, '--model', 'tiny', '--json').summary
    assert (report['frames'], report['width'], report['clips'], report['chunk']) == (50, 80, 2, 3)
    for part in ('reading', 'classifying'):
        assert set(report[part]) == {'together', 'separately', 'released'}
    assert [row['chunk'] for row in report['memory']] == [1, 3, 4]


def test_the_report_reads_as_text(call_tool, videos):
    told = call_tool(TOOL, videos[0], *SMALL)
    assert '2 clips of 4 frames at stride 2 x 2 crops of 32' in told.out
    assert told.out.count('ms per core') == 3 and 'reading 4 views' in told.err


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['gone.mp4'], "benchmark_views.py: cannot read video 'gone.mp4': no such file"),
        (['--crops', '0'], 'must be positive'),
        (['--clips', '1'], '--clips must be 2 or more'),
        (['--model', 'tiny', '--size', '100'], '--size divisible by 16'),
        (['--model', 'tiny', '--clip-len', '5'], 'an even --clip-len'),
        (['--model', 'huge'], 'invalid choice'),
    ],
)
def test_bad_input_ends_in_one_clear_line(call_tool, args, message):
    done = call_tool(TOOL, *args)
    assert message in done.err and done.code != 0
