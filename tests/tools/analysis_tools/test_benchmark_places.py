"""Contract: benchmark_places.py makes the same clips from every place, and reports all of them."""

import os

import pytest

from tests.support.tools import CallTool
from tests.support.videos import moving_shapes, write_video

SMALL = '--videos 3 --workers 0 --batch-size 2 --clip-len 4 --stride 1 --size 32 --rounds 1'


@pytest.mark.slow
def test_all_places_are_measured(tmp_path, call_tool: CallTool, monkeypatch) -> None:
    monkeypatch.setenv('MMVIDEOMAE_CACHE', str(tmp_path / 'untouched'))
    before = dict(os.environ)
    video = write_video(tmp_path / 'a.mp4', moving_shapes(12, 48, 64))
    words = [*SMALL.split(), '--latency', '0.01', '--json']
    report = call_tool('analysis_tools/benchmark_places.py', video, *words).summary
    assert list(report['places']) == ['files', 's3', 'files, shards', 's3, shards']
    for place in report['places'].values():
        assert len(place['clips_per_second']) == len(place['share_of_files']) == 2
        assert min(place['clips_per_second']) > 0
    assert report['places']['files']['share_of_files'] == [1, 1]
    assert dict(os.environ) == before and not (tmp_path / 'untouched').exists()


def test_impossible_counts_are_refused(call_tool: CallTool) -> None:
    run = call_tool('analysis_tools/benchmark_places.py', '--videos', '0')
    assert run.code == 2 and 'counts and sizes must be positive' in run.err
