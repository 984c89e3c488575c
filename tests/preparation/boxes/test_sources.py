"""Contract: boxes in CSV and COCO files are read with their times, or refused in one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.preparation.boxes.sources import read_source


def _write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def _coco(image: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A COCO file of one image and one annotation."""
    annotation = {'image_id': 7, 'bbox': [10, 20, 30, 40], 'category_id': 2, 'track_id': 5}
    return {
        'images': [{'id': 7, 'width': 100, 'height': 200, **image}],
        'annotations': [annotation],
        'categories': [{'id': 2, 'name': 'run'}, {'id': 5, 'name': 'sit'}],
        **changes,
    }


@pytest.mark.parametrize(
    'header',
    ['', 'video,second,x1,y1,x2,y2,label,person\n', '\ufeffVideo, second,x1,y1,x2,y2,label\n'],
)
def test_lines_with_and_without_header_and_person(tmp_path: Path, header: str) -> None:
    text = f'{header}a b.mp4,0012,0.1,0.2,0.3,0.4,stand up\n\nb,1.5,0,0,1,1,3,x\nb,2,0,0,1,1,3,-1\n'
    first, second, third = read_source(_write(tmp_path / 'x.csv', text)).rows
    assert third.person == ''  # as AVA spells it
    assert (first.video, first.second, first.label, first.person) == ('a b.mp4', 12, 'stand up', '')
    assert first.box == (0.1, 0.2, 0.3, 0.4)
    assert (second.second, second.label, second.person) == (1.5, '3', 'x')
    line = 2 + bool(header)
    assert second.where == f'{tmp_path / "x.csv"}:{line + 1}'


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', r'x\.csv has no box'),
        ('a,1,0,0,1,1\n', r'x\.csv:1: 6 fields, expected video,second'),
        ('a,one,0,0,1,1,run\n', r"x\.csv:1: timestamp 'one'"),
        ('a,-1,0,0,1,1,run\n', r"x\.csv:1: timestamp '-1'"),
        ('a,1,0,0,1,1,run\na,1,0,0,1,b,run\n', r"x\.csv:2: box '0,0,1,b' is not four numbers"),
        ('a,1,0,0,1,1,\n', r'x\.csv:1: the label is missing'),
        (',1,0,0,1,1,run\n', r'x\.csv:1: the name of the video is missing'),
        ('video,second,x,y,w,h,label\na,1,0,0,1,1,run\n', r'x\.csv:1: the columns must be'),
    ],
)
def test_lines_without_sense_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(AnnotationError, match=message):
        read_source(_write(tmp_path / 'x.csv', text))


@pytest.mark.parametrize(
    ('image', 'video', 'second', 'frame'),
    [
        ({'video': 'a.mp4', 'second': 12}, 'a.mp4', 12, None),
        ({'video_id': 'a', 'timestamp': '0012'}, 'a', 12, None),
        ({'video_id': 3, 'frame_id': 24}, 'of table', None, 24),
        ({'file_name': 'k/a/img_00012.jpg'}, 'k/a', None, 12),
        ({'file_name': 'a_b_000012.png'}, 'a_b', None, 12),
        ({'file_name': 'a/000012.png', 'second': 4}, 'a', 4, None),
    ],
)
def test_images_say_their_moments_in_several_ways(
    tmp_path: Path, image: dict[str, Any], video: str, second: float | None, frame: int | None
) -> None:
    content = _coco(image, videos=[{'id': 3, 'name': 'of table'}])
    source = read_source(_write(tmp_path / 'x.json', content))
    (row,) = source.rows
    assert source.pixels and source.classes == {2: 'run', 5: 'sit'}
    assert (row.video, row.second, row.frame) == (video, second, frame)
    assert row.box == (10, 20, 40, 60) and row.size == (100, 200)
    assert (row.label, row.person) == ('run', '5')


def test_rate_of_frame_numbers_comes_from_the_image_its_video_or_the_caller(tmp_path: Path) -> None:
    content = _coco({'video_id': 3, 'frame_id': 4}, videos=[{'id': 3, 'name': 'v', 'fps': 5}])
    path = _write(tmp_path / 'x.json', content)
    assert read_source(path, fps=30).rows[0].fps == 5
    content['images'][0]['fps'] = 2
    assert read_source(_write(path, content), fps=30).rows[0].fps == 2
    assert read_source(_write(path, _coco({'video': 'a', 'frame': 1})), fps=30).rows[0].fps == 30
    assert read_source(path).rows[0].fps is None
    for fps in (0, -1, float('nan')):
        with pytest.raises(ValueError, match='frames per second must be positive'):
            read_source(path, fps=fps)


def test_categories_from_0_become_ids_from_1(tmp_path: Path) -> None:
    content = _coco({'video': 'a', 'second': 1})
    content['categories'] = [{'id': 0, 'name': 'run'}, {'id': 2, 'name': 'sit'}]
    source = read_source(_write(tmp_path / 'x.json', content))
    assert source.classes == {1: 'run', 3: 'sit'} and source.rows[0].label == 'sit'


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{', r'x\.json:1: not valid JSON'),
        ([], 'has no list of images'),
        (_coco({}), 'image 0: the video and moment are unknown'),
        (_coco({'video': 'a'}), 'image 0: the video and moment are unknown'),
        (_coco({'video': 'a', 'second': -2}), "image 0: timestamp '-2'"),
        (_coco({'video': 'a', 'frame': 3, 'fps': 0}), 'image 0: fps 0'),
        (_coco({'video': 'a', 'second': 1}, annotations=[]), 'has no box'),
        (
            _coco({'video': 'a', 'second': 1}, annotations=[{'image_id': 8}]),
            'no image has the id 8',
        ),
        (
            _coco(
                {'video': 'a', 'second': 1},
                annotations=[{'image_id': 7, 'category_id': 1, 'bbox': [0, 0, 1, 1]}],
            ),
            'annotation 0: no category has the id 1',
        ),
        (
            _coco(
                {'video': 'a', 'second': 1},
                annotations=[{'image_id': 7, 'category_id': 2, 'bbox': [0, 0, 1]}],
            ),
            'annotation 0 has no "bbox"',
        ),
        (_coco({'video': ['a'], 'second': 1}), r"images 0: video \['a'\] is not an id"),
        (
            _coco({'video': 'a', 'second': 1}, categories=[{'id': -1, 'name': 'x'}]),
            'not a category: it needs an id from 0 on',
        ),
        (
            _coco(
                {'video': 'a', 'second': 1},
                categories=[{'id': 2, 'name': 'x'}, {'id': 3, 'name': 'x'}],
            ),
            'two categories',
        ),
    ],
)
def test_json_without_sense_is_refused(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(AnnotationError, match=message) as caught:
        read_source(_write(tmp_path / 'x.json', content))
    assert '\n' not in str(caught.value)
