"""Contract: paths are checked while the command line is read, and the message says where."""

import argparse
from pathlib import Path

import pytest

from mmvideomae.cli.inputs import (
    InputError,
    ModelAction,
    VideosAction,
    checkpoint_path,
    config_path,
    existing_path,
    video_path,
)
from mmvideomae.version import shipped

SHIPPED = 'configs/demo/videomae_vit-tiny-p8_pretrain_motion.py'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a config, a weight file and a video."""
    for name in ('a.py', 'a.pth', 'a.mp4'):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ('check', 'text'),
    [
        (config_path, 'a.py'),
        (config_path, 'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py'),
        (config_path, 'videomaev2_vit-base_k710-distilled'),
        (checkpoint_path, 'a.pth'),
        (checkpoint_path, 'https://example.org/a.pth'),
        (checkpoint_path, 'videomaev2_vit-base_k710-distilled'),
        (checkpoint_path, '.'),
        (checkpoint_path, 'own'),
        (video_path, 'a.mp4'),
        (video_path, '0'),
        (video_path, 'rtsp://camera/1'),
        (video_path, 'gone.tar#512+100/a.mp4'),
    ],
)
def test_what_may_exist_passes_as_it_is(check: type, text: str) -> None:
    assert check(text) == text


@pytest.mark.parametrize(
    ('check', 'text', 'told'),
    [
        (config_path, 'gone.py', 'config not found: gone.py in {here}'),
        (config_path, 'configs/gone', 'config not found: configs/gone in {here}'),
        (config_path, '/gone.py', 'config not found: /gone.py'),
        (
            checkpoint_path,
            'aa.pth',
            "checkpoint not found: aa.pth in {here}; did you mean 'a.pth'?",
        ),
        (
            config_path,
            SHIPPED.replace('motion', 'moton'),
            f'config not found: {SHIPPED.replace("motion", "moton")} in {{here}}; '
            f'did you mean {Path(SHIPPED).name!r}?',
        ),
        (config_path, 'a.pth', 'a.pth is a weight file, not a config: CONFIG comes before CKPT'),
        (checkpoint_path, 'a.py', 'a.py is a config, not a weight file: CONFIG comes before CKPT'),
        (config_path, 'gone', 'config not found: gone in {here}'),
        (
            checkpoint_path,
            'videomaev2_vit-base_k710-distiled',
            'checkpoint not found: videomaev2_vit-base_k710-distiled in {here}; did you mean '
            "'videomaev2_vit-base_k710-distilled'?",
        ),
        (checkpoint_path, 'gone.pth', 'checkpoint not found: gone.pth in {here}'),
        (existing_path, 'aa.pth', "not found: aa.pth in {here}; did you mean 'a.pth'?"),
        (existing_path, 'gone', 'not found: gone in {here}'),
        (video_path, 'gone', "cannot read video 'gone': no such file in {here}"),
    ],
)
def test_what_cannot_be_meant_is_refused(check: type, text: str, told: str, here: Path) -> None:
    with pytest.raises(InputError) as caught:
        check(text)
    assert str(caught.value) == told.format(here=here)


def test_configs_of_the_package_are_found_outside_a_checkout(here: Path) -> None:
    assert config_path(SHIPPED) == str(shipped(SHIPPED)) and shipped(SHIPPED).is_file()
    parser = argparse.ArgumentParser()
    parser.add_argument('--model', nargs=2, action=ModelAction)
    assert parser.parse_args(['--model', SHIPPED, 'a.pth']).model == [
        str(shipped(SHIPPED)),
        'a.pth',
    ]
    (here / 'configs' / 'demo').mkdir(parents=True)
    (here / SHIPPED).touch()
    assert config_path(SHIPPED) == SHIPPED  # one's own comes first


def test_one_video_of_several_is_enough() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('videos', nargs='+', action=VideosAction)
    assert parser.parse_args(['gone.mp4', 'a.mp4']).videos == ['gone.mp4', 'a.mp4']
    with pytest.raises(InputError, match='one'):
        parser.parse_args(['one.mp4', 'two.mp4'])
