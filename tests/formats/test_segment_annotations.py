"""Contract: every layout of segments reads alike, and every fault is one line with its place."""

import json
from pathlib import Path

import pytest

from mmvideomae.formats.annotated_videos import (
    classes_of,
    dropped_segments,
    find_segment_fault,
    of_subsets,
)
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.segment_annotations import read_segments


def as_json(path: Path, database: object) -> Path:
    path.write_text(json.dumps({'version': '1', 'database': database, 'taxonomy': []}))
    return path


@pytest.fixture
def layouts(tmp_path: Path) -> list[Path]:
    """The same two videos in every layout."""
    database = {
        'a': {
            'subset': 'Validation',
            'duration': 30,
            'annotations': [
                {'segment': [1, 4.5], 'label': 'Jump', 'label_id': 0},
                {'segment': [6, 9], 'label': 'Run', 'label_id': 1},
            ],
        },
        'b': {'subset': 'Test', 'annotations': [{'segment': [0.5, 2], 'label': 'Run'}]},
    }
    files = [as_json(tmp_path / 'a.json', database)]
    lines = 'a,1,4.5,Jump\na, 6,9, Run\n\n# more\nb,0.5,2,Run\n'
    for name, text in (
        ('plain.csv', lines),
        ('head.csv', f'video,start,end,label\n{lines}'),
        ('other.csv', 'label,end,start,video\nJump,4.5,1,a\nRun,9,6,a\nRun,2,0.5,b\n'),
    ):
        (tmp_path / name).write_text(text)
        files.append(tmp_path / name)
    thumos = tmp_path / 'thumos'
    thumos.mkdir()
    (thumos / 'Jump_val.txt').write_text('a  1.0 4.5 \n')
    (thumos / 'Run_val.txt').write_text('a 6 9\n')
    (thumos / 'Run_test.txt').write_text('b 0.5 2\n')
    (thumos / 'Ambiguous_val.txt').write_text('a 20 21\n')
    (thumos / 'readme.txt').write_text('not an annotation')
    return [*files, thumos]


def test_every_layout_gives_the_same_segments(layouts: list[Path]) -> None:
    for path in layouts:
        videos = {video.video_id: video for video in read_segments(path)}
        assert list(videos) == ['a', 'b']
        assert videos['a'].segments == [(1, 4.5), (6, 9)] and videos['a'].labels == ['Jump', 'Run']
        assert videos['b'].segments == [(0.5, 2)]
        assert classes_of(videos.values()) == ('Jump', 'Run')


def test_subsets_are_told_apart_in_upper_and_lower_case(layouts: list[Path]) -> None:
    videos = read_segments(layouts[0])
    assert [v.video_id for v in of_subsets(videos, ('validation',), 'x')] == ['a']
    assert [v.subset for v in read_segments(layouts[-1])] == ['validation', 'test']
    with pytest.raises(AnnotationError, match="no videos of subset train, only of 'test', 'valid"):
        of_subsets(videos, ('train',), 'x')


def test_more_columns_and_videos_without_segments(tmp_path: Path) -> None:
    path = tmp_path / 'a.csv'
    path.write_text('video,start,end,label,subset,duration,fps\na,1,2,x,Train,9,25\nb,,,,val,7,\n')
    one, other = read_segments(path)
    assert (one.subset, one.duration, one.fps, one.segments) == ('train', 9, 25, [(1, 2)])
    assert (other.subset, other.duration, other.fps, other.segments) == ('val', 7, None, [])


def test_columns_and_fields_that_spreadsheets_pad_are_left_out(tmp_path: Path) -> None:
    (tmp_path / 'a.csv').write_text('video,start,end,label,,\nv,1,2,a,,\nw,,,,,\n')
    first, second = read_segments(tmp_path / 'a.csv')
    assert (first.segments, first.labels, second.segments) == ([(1.0, 2.0)], ['a'], [])
    (tmp_path / 'a.csv').write_text('video,start,end,label\nv,1,2,a,,b\n')
    with pytest.raises(AnnotationError, match='6 fields, expected 4'):
        read_segments(tmp_path / 'a.csv')


def test_spaces_around_quotes_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / 'a.csv').write_text('\ufeffvideo, start, end, label\r\n v , 1 ,2, "a, b"\r\n')
    (video,) = read_segments(tmp_path / 'a.csv')
    assert (video.video_id, video.segments, video.labels) == ('v', [(1, 2)], ['a, b'])


def test_what_an_annotation_says_twice_counts_once(layouts: list[Path], tmp_path: Path) -> None:
    """Whatever the layout; lines keep belonging to their segments."""
    database = json.loads(layouts[0].read_text())['database']
    rows = database['a']['annotations']
    rows += [dict(rows[0], segment=[1.001, 4.499]), dict(rows[0], label='Run')]
    rows.append(dict(rows[0], segment=[7, 7.0005]))
    as_json(layouts[0], database)
    lines = 'a,1,4.5,Jump\na,1.001,4.499,Jump\na,1,4.5,Run\na,7,7.0005,Jump\na,6,9,Run\n'
    layouts[1].write_text(f'{lines}b,0.5,2,Run\n')
    (layouts[-1] / 'Jump_val.txt').write_text('a 1 4.5\na 1.001 4.499\na 7 7.0005\n')
    (layouts[-1] / 'Run_val.txt').write_text('a 1 4.5\na 6 9\n')
    for path in (layouts[0], layouts[1], layouts[-1]):
        one, other = videos = read_segments(path)
        found = sorted(zip(one.segments, one.labels, strict=True))
        assert found == [((1, 4.5), 'Jump'), ((1, 4.5), 'Run'), ((6, 9), 'Run')]
        assert (one.repeated, one.too_short) == (1, 1) and len(other.segments) == 1
        told = dropped_segments(videos, path)
        assert told.startswith(f'{path}: of 6 segments 1 repeat another')
        assert told.endswith("1 are shorter than 1 ms: these are left out, first in video 'a'")
    (video,) = of_subsets(read_segments(layouts[0]), ('test',), 'x')
    assert dropped_segments([video], 'x') is None
    assert read_segments(layouts[1])[0].lines == [1, 3, 5]
    fault = find_segment_fault(read_segments(layouts[1])[0], ['Jump'], 20)
    assert "'Run' in line 3 has an unknown label" in fault


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('a.json', 'oops', ':1: not valid JSON'),
        ('a.json', '[]', 'no object "database"'),
        ('a.json', '{"database": {}}', 'names no video'),
        ('a.json', '{"database": {"v": 3}}', "video 'v' is not an object"),
        ('a.json', '{"database": {"v": {"duration": -1}}}', "'v': duration must be a positive"),
        ('a.json', '{"database": {"v": {"annotations": [{"label": "x"}]}}}', "video 'v'.*is not {"),
        (
            'a.json',
            '{"database": {"v": {"annotations": [{"segment": [1, "b"], "label": "x"}]}}}',
            "'v': segment 'b' is not a number",
        ),
        (
            'a.json',
            '{"database": {"v": {"annotations": [{"segment": [1, 2], "label": null}]}}}',
            r"'v': label None of \[1, 2\] is not a name",
        ),
        ('a.csv', '', 'names no video'),
        ('a.csv', 'v,1,2\n', r'a.csv:1: 3 fields, expected 4'),
        ('a.csv', 'v,1,2,x\nv,1,zwei,x\n', r"a.csv:2: end 'zwei' is not a number"),
        ('a.csv', 'video,start,label\n', 'a.csv:1: the columns must be'),
        ('a.csv', ',1,2,x\n', 'a.csv:1: the name of the video is missing'),
        ('a.csv', 'v,1,2,\n', "label of a segment of 'v' is missing"),
        (
            'a.csv',
            'video,start,end,label,duration\nv,1,2,x,5\nv,1,2,x,6\n',
            "a.csv:3: video 'v' has duration 6.0, but 5.0",
        ),
    ],
)
def test_malformed_files(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(AnnotationError, match=message) as error:
        read_segments(tmp_path / name)
    assert '\n' not in str(error.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match='cannot read the annotation'):
        read_segments(tmp_path / 'none.json')
