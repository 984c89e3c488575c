"""benchmark_loader.py: both paths make the same clips, and its report is complete."""

import argparse
import math
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch

from mmvideomae.analysis import loader_contenders, measurement
from tests.support.tools import load_tool
from tests.support.videos import moving_shapes, write_video

TOOL = 'analysis_tools/benchmark_loader.py'


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    return load_tool(TOOL)


@pytest.fixture(autouse=True)
def _leave_threads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, 'set_num_threads', lambda count: None)
    monkeypatch.setattr(cv2, 'setNumThreads', lambda count: None)


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    folder = tmp_path_factory.mktemp('a folder')
    return str(write_video(folder / 'clip 1.mp4', moving_shapes(30, 64, 64, seed=4)))


def settings(**changes):
    common = dict(clip_len=8, stride=2, size=64, backend='auto', seed=0, seconds=0.1)
    common.update(gpu_clips=None, sources=['file'])
    return argparse.Namespace(**{**common, **changes})


def test_both_paths_make_the_same_pixels(video, monkeypatch):
    """With one crop size and place the only differences are layout, scale and rounding."""
    whole = (0, 0, 64, 64)
    rule = 'mmvideomae.datasets.transforms.processing.ClipMultiScaleCrop.draw'
    monkeypatch.setattr(rule, lambda self, height, width: whole)
    args = settings(size=80)
    ours = loader_contenders.Ours(video, args, 2).sample(0, 5)
    reference = loader_contenders.Reference(video, args, 2).sample(0, 5)
    assert ours['inputs'].shape == (2, 8, 80, 80, 3) and len(reference) == 2
    assert ours['data_samples'].frame_inds.tolist() == list(range(5, 21, 2))
    mean, std = torch.tensor(loader_contenders.MEAN), torch.tensor(loader_contenders.STD)
    for clip, (normalised, masks) in zip(ours['inputs'], reference, strict=True):
        assert normalised.shape == (3, 8, 80, 80) and normalised.dtype == torch.float32
        pixels = 255 * (normalised.permute(1, 2, 3, 0) * std + mean)
        assert (pixels - clip).abs().max() < 2.1
        assert [int(mask.sum()) for mask in masks] == [1408, 784]


def test_the_same_clips_are_read_from_all_places(tool, video, tmp_path):
    places = tool.prepare(video, tmp_path, list(tool.SOURCES))
    assert list(places) == list(tool.SOURCES)
    expected = loader_contenders.Ours(video, settings(), 1).sample(0, 5)
    for name, place in places.items():
        sample = loader_contenders.Ours(place, settings(), 1).sample(0, 5)
        difference = sample['inputs'].float() - expected['inputs'].float()
        assert difference.abs().mean() < 8, name
        assert (sample['encoder_mask'] == expected['encoder_mask']).all()
    result = tool.compare(video, places, settings(gpu_clips=1e6), repeats=2, starts=15)
    assert result['samples'] >= 5
    for part in (*result['sources'].values(), result['reference']):
        assert set(part['stages']) == set(tool.STAGES)
        rate = part['clips_per_second_per_core']
        assert rate == pytest.approx(2000 / part['cpu_ms'])
        assert part['cores'] == math.ceil(1e6 / rate)
        parts = sum(stage['cpu_ms'] for stage in part['stages'].values())
        assert 0 < parts < 2 * part['cpu_ms']


def test_ratios_are_paired_by_round(tool):
    slow, fast = loader_contenders.StageClock(), loader_contenders.StageClock()
    slow.rows = [{'total': (4.0, 2.0)}, {'total': (60.0, 30.0)}, {'total': (9.0, 9.0)}]
    fast.rows = [{'total': (2.0, 2.0)}, {'total': (20.0, 5.0)}, {'total': (1.0, 3.0)}]
    assert tool.paired_ratio(slow, fast, 0) == 3
    assert tool.paired_ratio(slow, fast, 1) == 3


def test_stage_times_add_up_within_a_sample(monkeypatch):
    ticks = iter(np.arange(100.0))
    monkeypatch.setattr(measurement.time, 'perf_counter', lambda: next(ticks))
    monkeypatch.setattr(measurement.time, 'process_time', lambda: 0.0)
    clock = loader_contenders.StageClock()
    clock.start_sample()
    step = clock.timed('crop', lambda value: value + 1)
    assert step(step(1)) == 3
    assert clock.medians('crop') == (2.0, 0.0)
    assert clock.medians('mask') == (0.0, 0.0)


def test_json_is_one_object(call_tool, video):
    sizes = (
        '--clip-len',
        4,
        '--stride',
        2,
        '--size',
        32,
        '--repeats',
        2,
        '--sources',
        'file',
        'frames',
    )
    report = call_tool(TOOL, video, *sizes, '--seconds', 0.1, '--json').summary
    assert (report['frames'], report['clip_len'], report['backend']) == (30, 4, 'auto')
    assert [result['repeats'] for result in report['results']] == [2]
    assert set(report['results'][0]['sources']) == {'file', 'frames'}
    assert report['first_visit_ms'] > 0


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['gone.mp4'], "gone.mp4': no such file"),
        (['--repeats', '0'], 'must be positive'),
        (['--backend', 'magic'], 'invalid choice'),
    ],
)
def test_bad_input_ends_in_one_clear_line(call_tool, args, message):
    done = call_tool(TOOL, *args)
    assert message in done.err and done.code != 0


def test_videos_shorter_than_a_clip_are_refused(tool, video):
    with pytest.raises(ValueError, match='has 30 frames, a clip takes 64'):
        tool.measure(video, settings(clip_len=16, stride=4, repeats=[1], json=True))
