"""Contract: options shared by command lines mean the same in all of them."""

import argparse
from typing import Any

import pytest

from mmvideomae.cli.options import (
    add_cfg_options,
    add_frames,
    add_places,
    option_word,
    parse_option,
    places_of,
)
from mmvideomae.configs import ConfigError
from mmvideomae.formats.video_places import VideoPlaces


def test_frames_are_mmaction2s_at_25_per_second_unless_told() -> None:
    parser = argparse.ArgumentParser()
    add_frames(parser)
    assert vars(parser.parse_args([])) == {'filename_tmpl': 'img_{:05}.jpg', 'fps': 25.0}
    told = parser.parse_args(['--filename-tmpl', '{:06}.png', '--fps', '12.5'])
    assert vars(told) == {'filename_tmpl': '{:06}.png', 'fps': 12.5}


@pytest.mark.parametrize(
    ('words', 'expected'),
    [
        ('', {}),
        ('--start-second 900', {'start_second': 900.0}),
        ('--start-second name', {'start_second': 'name'}),
        (
            '--filename-tmpl {:05}.jpg --start-index 0 --fps 30',
            {'filename_tmpl': '{:05}.jpg', 'start_index': 0, 'fps': 30.0},
        ),
    ],
)
def test_places_are_those_that_the_options_say(words: str, expected: dict[str, object]) -> None:
    parser = argparse.ArgumentParser()
    add_places(parser.add_argument_group('where'))
    args = parser.parse_args(words.split())
    assert places_of(args, 'videos', None) == VideoPlaces('videos', **expected)
    assert places_of(args, '', 'videos.csv') == VideoPlaces(table='videos.csv', **expected)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ('--start-second late', "--start-second must be a number or 'name', got 'late'"),
        ('--start-second nan', "number of seconds or 'name', got nan"),
        ('--filename-tmpl {:05}.jpg', 'folders of frames need fps'),
    ],
)
def test_places_that_cannot_be_are_refused(words: str, message: str) -> None:
    parser = argparse.ArgumentParser()
    add_places(parser)
    with pytest.raises(ValueError, match=message):
        places_of(parser.parse_args(words.split()), 'videos', None)


@pytest.mark.parametrize(
    ('value', 'expected'),
    [
        ('3', 3),
        ('-1.5e-3', -0.0015),
        ('true', True),
        ('False', False),
        ('None', None),
        ('adamw', 'adamw'),
        ('', ''),
        ('a=b', 'a=b'),
        ('1,2,3', [1, 2, 3]),
        ('[1, 2]', [1, 2]),
        ('[]', []),
        ('(0.5, 1)', (0.5, 1)),
        ('[(1,2),[a, b c],None]', [(1, 2), ['a', 'b c'], None]),
        ("['a','b,c']", ['a', 'b,c']),
        ("'[1,2]'", [1, 2]),
        ("'1,2'", '1,2'),
        ("{'a': 1, 'b': [2]}", {'a': 1, 'b': [2]}),
        ('img_{:05}.jpg', 'img_{:05}.jpg'),
        ('{:05}.jpg', '{:05}.jpg'),
        ('/data/my videos (2)/a b.csv', '/data/my videos (2)/a b.csv'),
        ("/data/it's here", "/data/it's here"),
        ('videos(1)', 'videos(1)'),
        ('s3://bucket/a(b', 's3://bucket/a(b'),
        ('[a].mp4', '[a].mp4'),
        ('1,', [1]),
    ],
)
def test_values_of_options(value: str, expected: Any) -> None:
    key, read = parse_option(f'a.b.0={value}')
    assert key == 'a.b.0' and read == expected and type(read) is type(expected)


@pytest.mark.parametrize(
    'text',
    [
        'train_cfg.max_epochs',
        '=3',
        'a..b=3',
        'a. b=3',
        "loss=dict(type='CrossEntropyLoss',class_weight=[1.0,5.0])",
        'steps=[dict(type=A)]',
        'loss=SGD(lr=1)',
        'a=[1,2',
        'a=[1,2)',
        'a=1,2)',
        "a=['x,y]",
        f'a={"[" * 3000}{"]" * 3000}',
    ],
)
def test_options_that_cannot_be_read(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError):
        parse_option(text)
    parser = argparse.ArgumentParser(prog='tool.py')
    add_cfg_options(parser)
    with pytest.raises(SystemExit, match='2'):
        parser.parse_args(['--cfg-options', 'b=1', text])
    said = capsys.readouterr().err
    assert said.startswith('tool.py: error: --cfg-options: ') and said.count('\n') == 1
    assert text.partition('=')[0] in said


def test_options_given_twice_add_up() -> None:
    parser = argparse.ArgumentParser()
    add_cfg_options(parser)
    words = ['--cfg-options', 'a=1', 'b=2', '--cfg-options', 'b=3']
    assert parser.parse_args(words).cfg_options == {'a': 1, 'b': 3}
    assert parser.parse_args([]).cfg_options is None


@pytest.mark.parametrize(
    'text',
    [
        *('videos', '/data/my videos/a.csv', '2024', '1e3', 'true', 'None', 'a, b', "it's, here"),
        *('"a", b', 'x (1, 2)', 'a=b', '', ' a', '{a}'),
    ],
)
def test_a_word_that_is_shown_is_read_as_the_same_text(text: str) -> None:
    assert parse_option(option_word('a.0.b', text)) == ('a.0.b', text)
    assert parse_option(option_word('a', None)) == ('a', None)
