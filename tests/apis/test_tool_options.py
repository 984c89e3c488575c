"""Contract: options that command lines share mean the same in all of them."""

import argparse

import pytest

from mmvideomae.apis.tool_options import add_frames, add_places, places_of
from mmvideomae.datasets.video_places import VideoPlaces


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
