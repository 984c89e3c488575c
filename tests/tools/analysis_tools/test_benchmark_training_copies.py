"""benchmark_training_copies.py: every copy is measured against its source at the copy's size."""

import argparse
from pathlib import Path

import pytest

from mmvideomae.preparation.videos.encoding import TranscodeSettings
from mmvideomae.preparation.videos.training_copies import Copies, Mjpeg, copy_settings
from mmvideomae.video.readers import open_reader
from tests.support.tools import load_tool
from tests.support.videos import moving_shapes, write_video

WAYS = {
    'good': TranscodeSettings(short_side=48, crf=10),
    'poor': TranscodeSettings(short_side=32, crf=45, gop=2),
    'jpeg': Mjpeg(5, short_side=48),
}


@pytest.fixture(scope='module')
def video(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp('source') / 'a.mp4'
    return str(write_video(path, moving_shapes(24, 64, 96)))


def test_copies_are_compared_with_the_source_at_their_size(video: str, tmp_path: Path) -> None:
    copies = Copies(video, tmp_path, WAYS)
    assert list(copies.paths) == ['the source', *WAYS]
    shapes = {}
    for name in WAYS:
        with open_reader(copies.paths[name]) as reader:
            assert len(reader) == 24
            shapes[name] = reader.read([0]).shape[1:3]
    assert shapes == {'good': (48, 72), 'poor': (32, 48), 'jpeg': (48, 72)}
    errors = {name: copies.error_of(name) for name in copies.paths}
    assert errors['the source'] == 0 < errors['good'] < errors['jpeg'] < errors['poor']


def test_report_and_figure(video: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = load_tool('analysis_tools/benchmark_training_copies.py')
    monkeypatch.setattr(tool, 'copy_settings', lambda: WAYS)
    common = dict(clip_len=4, stride=2, rounds=2, seed=0, figure=tmp_path / 'cost.svg')
    told = tool.make(argparse.Namespace(videos=[video, video], **common))
    results = told.summary['results']
    assert list(results) == ['the source', *WAYS]
    assert results['the source'].keys() == results['good'].keys()
    assert results['the source']['times'] == results['the source']['disk'] == 1
    assert results['good']['psnr'] > results['poor']['psnr'] + 3
    assert results['poor']['disk'] < results['good']['disk']
    assert b'<svg' in (tmp_path / 'cost.svg').read_bytes()
    with pytest.raises(ValueError, match='shorter than a clip'):
        tool.make(argparse.Namespace(videos=[video], **{**common, 'clip_len': 40}))


def test_ways_are_different() -> None:
    assert len(set(copy_settings().values())) == len(copy_settings()) > 15
