"""Contract: a feature file's description survives saving, and contradictions are refused."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mmvideomae.formats.feature_info import FeatureInfo, info_path
from mmvideomae.ops.feature_grid import FeatureGrid

INFO = FeatureInfo(
    fps=30000 / 1001,
    frames=900,
    duration=30.03,
    window=16,
    stride=4,
    interval=1,
    offset=0,
    width=1408,
    model='vit-giant',
    checkpoint_sha256='ab' * 32,
    reader='pyav',
    preprocessing={'resize': 'squash', 'size': 224, 'mean': [0.0, 0.0, 0.0]},
    precision='bfloat16',
    video_id='video_0.test',
)


def test_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / 'video_0.test.npy'
    INFO.write(path)
    assert FeatureInfo.read(path) == INFO
    assert [file.name for file in tmp_path.iterdir()] == ['video_0.test.json']
    assert INFO.grid == FeatureGrid(30000 / 1001, 4, 16, 1, 0)
    assert INFO.grid.to_seconds(0) == pytest.approx(8 / 29.97, rel=1e-4)


def test_what_agrees_passes() -> None:
    INFO.check({})
    INFO.check({'stride': 4.0, 'fps': 29.97, 'window': None, 'model': 'vit-giant'})
    INFO.check({'preprocessing': {'resize': 'squash', 'size': 224, 'mean': (0, 0, 0)}})


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('stride', 16),
        ('window', 15),
        ('fps', 30.0),
        ('offset', 0.5),
        ('checkpoint_sha256', ''),
        ('preprocessing', {'resize': 'squash'}),
        ('preprocessing', {'resize': 'squash', 'size': 224, 'mean': (0, 0, 0.1)}),
    ],
)
def test_a_contradiction_names_video_key_and_both_values(key: str, value: Any) -> None:
    with pytest.raises(ValueError) as caught:
        INFO.check({'interval': 1, key: value})
    message = str(caught.value)
    assert "'video_0.test'" in message
    assert f'{key}={getattr(INFO, key)!r}' in message
    assert f'{key}={value!r}' in message


def test_an_expectation_that_no_features_have_is_refused() -> None:
    with pytest.raises(ValueError, match="no 'strid'"):
        INFO.check({'strid': 4})


def test_no_description(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r'a\.npy has no a\.json'):
        FeatureInfo.read(tmp_path / 'a.npy')


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'stride': '4'}, "stride must be a number, got '4'"),
        ({'window': True}, 'window must be a number, got True'),
        ({'reader': 3}, 'reader must be a text, got 3'),
        ({'preprocessing': []}, 'preprocessing must be an object'),
        ({'speed': 1}, 'unknown keys: speed'),
        ({'fps': None}, 'fps must be a number, got None'),
    ],
)
def test_a_description_that_is_none(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / 'a.npy'
    content = asdict(INFO)
    del content['video_id']
    info_path(path).write_text(json.dumps({**content, **change}))
    with pytest.raises(ValueError, match=r'a\.json') as caught:
        FeatureInfo.read(path)
    assert message in str(caught.value)


@pytest.mark.parametrize('text', ['{}', '[]', '3', 'null', '{"fps": 1', 'NaN'])
def test_files_that_hold_something_else(tmp_path: Path, text: str) -> None:
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(ValueError, match=r'a\.json is not valid JSON|a\.json does not describe'):
        FeatureInfo.read(tmp_path / 'a.npy')
