"""benchmark_loader.py: both paths make the same clips, and its report holds what it promises."""

import argparse
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.videos import moving_shapes, write_video

TOOL = Path(__file__).resolve().parents[3] / 'tools' / 'analysis_tools' / 'benchmark_loader.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('benchmark_loader', TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    folder = tmp_path_factory.mktemp('a folder')
    return str(write_video(folder / 'clip 1.mp4', moving_shapes(30, 64, 64, seed=4)))


def settings(**changes):
    common = dict(clip_len=8, stride=2, size=64, backend='auto', seed=0, seconds=0.1)
    return argparse.Namespace(**{**common, **changes})


def test_both_paths_make_the_same_pixels(tool, video, monkeypatch):
    """With one crop size and place the only differences are layout, scale and rounding."""
    whole = (0, 0, 64, 64)
    rule = 'mmvideomae.datasets.transforms.processing.ClipMultiScaleCrop.draw'
    monkeypatch.setattr(rule, lambda self, height, width: whole)
    args = settings(size=80)
    ours = tool.Ours(video, args, 2).sample(0, 5)
    reference = tool.Reference(video, args, 2).sample(0, 5)
    assert ours['inputs'].shape == (2, 8, 80, 80, 3) and len(reference) == 2
    assert ours['data_samples'].frame_inds.tolist() == list(range(5, 21, 2))
    mean, std = torch.tensor(tool.MEAN), torch.tensor(tool.STD)
    for clip, (normalised, masks) in zip(ours['inputs'], reference, strict=True):
        assert normalised.shape == (3, 8, 80, 80) and normalised.dtype == torch.float32
        pixels = 255 * (normalised.permute(1, 2, 3, 0) * std + mean)
        assert (pixels - clip).abs().max() < 2.1
        assert [int(mask.sum()) for mask in masks] == [1408, 784]


def test_the_same_clip_is_planned_for_both(tool, video):
    result = tool.compare(video, settings(), repeats=2, places=15)
    assert result['samples'] >= 5
    for name in ('ours', 'reference'):
        part = result[name]
        assert set(part['stages']) == set(tool.STAGES)
        assert part['clips_per_second_per_core'] == pytest.approx(2000 / part['cpu_ms'])
        parts = sum(stage['cpu_ms'] for stage in part['stages'].values())
        assert 0 < parts < 2 * part['cpu_ms']


def test_ratios_are_paired_by_round(tool):
    slow, fast = tool.StageClock(), tool.StageClock()
    slow.rows = [{'total': (4.0, 2.0)}, {'total': (60.0, 30.0)}, {'total': (9.0, 9.0)}]
    fast.rows = [{'total': (2.0, 2.0)}, {'total': (20.0, 5.0)}, {'total': (1.0, 3.0)}]
    assert tool.paired_ratio(slow, fast, 0) == 3
    assert tool.paired_ratio(slow, fast, 1) == 3


def test_stage_times_add_up_within_a_sample(tool, monkeypatch):
    ticks = iter(np.arange(100.0))
    monkeypatch.setattr(tool.time, 'perf_counter', lambda: next(ticks))
    monkeypatch.setattr(tool.time, 'process_time', lambda: 0.0)
    clock = tool.StageClock()
    clock.start_sample()
    step = clock.timed('crop', lambda value: value + 1)
    assert step(step(1)) == 3
    assert clock.medians('crop') == (2.0, 0.0)
    assert clock.medians('mask') == (0.0, 0.0)


def test_json_is_one_object(video):
    sizes = ['--clip-len', '4', '--stride', '2', '--size', '32', '--repeats', '2']
    command = [sys.executable, str(TOOL), video, *sizes, '--seconds', '0.1', '--json']
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report['frames'], report['clip_len'], report['backend']) == (30, 4, 'auto')
    assert [result['repeats'] for result in report['results']] == [2]


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['gone.mp4'], "gone.mp4': no such file"),
        (['--repeats', '0'], 'must be positive'),
        (['--backend', 'magic'], 'invalid choice'),
    ],
)
def test_bad_input_ends_in_one_clear_line(tool, args, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', [str(TOOL), *args])
    monkeypatch.setattr(torch, 'set_num_threads', lambda count: None)
    monkeypatch.setattr(tool.cv2, 'setNumThreads', lambda count: None)
    with pytest.raises(SystemExit) as ended:
        tool.main()
    told = capsys.readouterr().err + str(ended.value.code)
    assert message in told and ended.value.code != 0


def test_videos_shorter_than_a_clip_are_refused(tool, video):
    with pytest.raises(SystemExit, match='has 30 frames, a clip takes 64'):
        tool.measure(video, settings(clip_len=16, stride=4, repeats=[1], json=True))
