"""Contract: AVA's lists read as in mmaction2, and each fault is one line with file:line."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmaction.evaluation.functional.ava_utils import read_csv, read_exclusions

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import (
    BoxLabel,
    find_box_fault,
    read_boxes,
    read_excluded,
    scan_boxes,
    write_boxes,
)
from mmvideomae.formats.label_maps import LabelMap
from mmvideomae.ops.seconds import second_text

PLAIN = (
    '1j20qq1JyX4,0902,0.002,0.118,0.714,0.977,12\n'
    '1j20qq1JyX4,0902,0.002,0.118,0.714,0.977,79\n'
    '1j20qq1JyX4,0902,0.444,0.054,0.992,0.990,12\n'
    '_5_-x,1798,0,0,1,1,1\n'
)
WITH_IDS = ''.join(f'{line},{n}\n' for n, line in enumerate(PLAIN.split('\n')[:-1]))


def save(folder: Path, text: str, name: str = 'ann.csv') -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_rows_are_those_that_mmaction2_reads(tmp_path: Path) -> None:
    rows = read_boxes(save(tmp_path, PLAIN))
    boxes, labels, _ = read_csv(io.StringIO(PLAIN))
    assert [f'{row.video_id},{row.second:04.0f}' for row in rows[::3]] == list(boxes)
    for key in boxes:
        ours = [row for row in rows if f'{row.video_id},{second_text(row.second)}' == key]
        theirs = [(x1, y1, x2, y2) for y1, x1, y2, x2 in boxes[key]]
        assert sorted((row.box, row.label) for row in ours) == sorted(
            zip(theirs, labels[key], strict=True)
        )


def test_persons_are_read_where_they_are_known(tmp_path: Path) -> None:
    assert [row.person for row in read_boxes(save(tmp_path, PLAIN))] == [None] * 4
    assert [row.person for row in read_boxes(save(tmp_path, WITH_IDS))] == [0, 1, 2, 3]
    mixed = PLAIN + 'k_000001_000011,5,0,0,1,1,3,-1\nk_000001_000011,6,0,0,1,1,3,\n'
    assert [row.person for row in read_boxes(save(tmp_path, mixed))] == [None] * 6
    first = read_boxes(save(tmp_path, WITH_IDS))[0]
    assert first == BoxLabel('1j20qq1JyX4', 902.0, (0.002, 0.118, 0.714, 0.977), 12, 0, 1)


def test_headers_comments_and_moments_without_boxes_are_skipped(tmp_path: Path) -> None:
    head = 'video,second,x1,y1,x2,y2,label\n\n# of Kinetics\n-0Ihj6,12\n-0Ihj6,13.5,,,,,\n'
    rows = read_boxes(save(tmp_path, '\ufeff' + head + PLAIN))
    assert [row.line for row in rows] == [6, 7, 8, 9]
    assert [row[:5] for row in rows] == [row[:5] for row in read_boxes(save(tmp_path, PLAIN))]


def test_repeated_lines_are_one(tmp_path: Path) -> None:
    text = 'v,0902,0,0,.5,1,3\nw,1,0,0,1,1,2\nv,902.0,0.0,0,0.500,1,3\nv,902,0,0,.5,1,4\n'
    assert [(row.video_id, row.label, row.line) for row in read_boxes(save(tmp_path, text))] == [
        ('v', 3, 1),
        ('w', 2, 2),
        ('v', 4, 4),
    ]


BAD_LINES = [
    ('v,0902,.1,.1,.5,.5,0', 'label 0: ids start at 1'),
    ('v,0902,.1,.1,.5,.5,-2', 'label -2: ids start at 1'),
    ('v,0902,.1,.1,.5,.5,81', 'label 81 is above the 80 classes of map.pbtxt'),
    ('v,0902,.1,.1,.5,.5,run', "label 'run' is not a whole number"),
    ('v,0902,.1,.1,.5,.5,', "label '' is not a whole number"),
    ('v,0902,.1,.1,.5,.5,1.5', "label '1.5' is not a whole number"),
    ('v,0902,.1,.1,.5,.5,1,x', "person 'x' is not a whole number"),
    ('v,soon,.1,.1,.5,.5,1', "timestamp 'soon' is not a number of seconds"),
    ('v,,.1,.1,.5,.5,1', "timestamp '' is not a number of seconds"),
    ('v,-1,.1,.1,.5,.5,1', "timestamp '-1' is not a number of seconds"),
    ('v,nan,.1,.1,.5,.5,1', "timestamp 'nan' is not a number of seconds"),
    ('v,inf,.1,.1,.5,.5,1', "timestamp 'inf' is not a number of seconds"),
    (',0902,.1,.1,.5,.5,1', 'the name of the video is missing'),
    ('v,0902,.1,.1,1.5,.5,1', 'box 0.1,0.1,1.5,0.5 is outside [0, 1]'),
    ('v,0902,-.1,.1,.5,.5,1', 'box -0.1,0.1,0.5,0.5 is outside [0, 1]'),
    ('v,0902,.1,.1,nan,.5,1', 'is outside [0, 1]'),
    ('v,0902,10,10,200,100,1', 'are shares of the frame, not pixels'),
    ('v,0902,.6,.1,.5,.5,1', 'box 0.6,0.1,0.5,0.5 is swapped'),
    ('v,0902,.1,.6,.5,.5,1', 'box 0.1,0.6,0.5,0.5 is swapped'),
    ('v,0902,.1,,.5,.5,1', "box '.1,,.5,.5' is not four numbers"),
    ('v,0902,.1,.1,.5,.5', '6 fields, expected video,second,x1,y1,x2,y2,label[,person]'),
    ('v,0902,.1,.1,.5,.5,1,2,3', '9 fields, expected'),
    ('v', '1 fields, expected'),
]


@pytest.mark.parametrize(('line', 'message'), BAD_LINES)
def test_faults_say_file_line_and_value(tmp_path: Path, line: str, message: str) -> None:
    path = save(tmp_path, f'{PLAIN}{line}\n')
    with pytest.raises(AnnotationError) as caught:
        read_boxes(path, LabelMap({80: 'watch'}, 'map.pbtxt'))
    told = str(caught.value)
    assert told.startswith(f'{path}:5: ') and message in told and '\n' not in told


@pytest.mark.parametrize('line', ['v,soon,.1,.1,.5,.5,1', 'v,soon,left,top,right,bottom,run'])
def test_a_first_line_is_a_header_only_with_names_of_columns(tmp_path: Path, line: str) -> None:
    with pytest.raises(AnnotationError, match=r"ann.csv:1: (timestamp 'soon'|box 'left)"):
        read_boxes(save(tmp_path, f'{line}\n{PLAIN}'))
    with pytest.raises(AnnotationError, match=r"ann.csv:1: timestamp 'soon'"):
        read_excluded(save(tmp_path, 'v,soon\nv,2\n'))


def test_spaces_around_quotes_and_numbers_do_not_matter(tmp_path: Path) -> None:
    path = save(tmp_path, ' "a, b" , 0902 ,.1, .1,.5, .5 , 3\r\n')
    assert read_boxes(path)[0][:4] == ('a, b', 902.0, (0.1, 0.1, 0.5, 0.5), 3)


@pytest.mark.parametrize('text', ['', '\n\n', '# only this\n', 'video,second,x1,y1,x2,y2,label\n'])
def test_empty_files_are_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(AnnotationError, match=r'ann.csv has no box; its lines must be video,'):
        read_boxes(save(tmp_path, text))


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r'cannot read the annotation .*gone.csv: No such'):
        read_boxes(tmp_path / 'gone.csv')
    (tmp_path / 'ann.csv').write_bytes(b'\x80\x04\x95\0\0\0\0\xff')
    with pytest.raises(AnnotationError, match=r'ann.csv is not text'):
        read_boxes(tmp_path / 'ann.csv')


def test_a_scan_goes_on_behind_a_fault(tmp_path: Path) -> None:
    path = save(tmp_path, f'v,soon,.1,.1,.5,.5,1\nv,1,.6,.1,.5,.5,0\n{PLAIN}')
    found = list(scan_boxes(path))
    assert [isinstance(each, AnnotationError) for each in found] == [True, *[False] * 5]
    assert read_boxes(save(tmp_path, 'v,1,.6,.1,.5,.5,0'), strict=False)[0].label == 0
    with pytest.raises(AnnotationError, match=r'ann.csv:1: label 9 is above num_classes=8'):
        read_boxes(save(tmp_path, 'v,1,.1,.1,.5,.5,9'), num_classes=8)


def test_rounding_at_the_edge_of_the_frame_is_no_fault() -> None:
    assert find_box_fault((-1e-5, 0, 1.00001, 1)) is None
    assert find_box_fault((0, 0, 1.01, 1)) is not None
    assert find_box_fault((0.5, 0, 0.5, 1)) is None  # thin, but where it says


def test_excluded_moments_are_those_that_mmaction2_reads(tmp_path: Path) -> None:
    text = '1j20qq1JyX4,0902\n_5_-x,1798\n'
    ours = read_excluded(save(tmp_path, text))
    assert {f'{video},{second_text(second)}' for video, second in ours} == read_exclusions(
        io.StringIO(text)
    )
    assert read_excluded(save(tmp_path, '')) == set()
    assert read_excluded(save(tmp_path, 'video,second\nv,2.50\n')) == {('v', 2.5)}
    for line, message in (('v', '1 fields'), ('v,1,2', '3 fields'), ('v,x', "timestamp 'x'")):
        with pytest.raises(AnnotationError, match=rf'ann.csv:2: {message}'):
            read_excluded(save(tmp_path, f'v,1\n{line}'))


SHARES = st.integers(0, 1000).map(lambda number: number / 1000)
ROWS = st.lists(
    st.builds(
        lambda video, ms, xs, ys, label, person: BoxLabel(
            video, ms / 1000, (min(xs), min(ys), max(xs), max(ys)), label, person
        ),
        st.sampled_from(['a', '-0_x', 'a,b', 'two words', '"q"']),
        st.integers(0, 4_000_000),
        st.tuples(SHARES, SHARES),
        st.tuples(SHARES, SHARES),
        st.integers(1, 80),
        st.none() | st.integers(0, 900),
    ),
    min_size=1,
    unique=True,
)


@given(rows=ROWS)
def test_what_is_written_is_read(rows: list[BoxLabel], tmp_path_factory: object) -> None:
    folder = Path(tmp_path_factory.mktemp('boxes', numbered=True))
    write_boxes(folder / 'ann.csv', rows)
    assert [row[:5] for row in read_boxes(folder / 'ann.csv')] == [row[:5] for row in rows]
    moments = {row[:2] for row in rows}
    with (folder / 'out.csv').open('w', newline='') as file:
        csv.writer(file).writerows((video, f'{second:.3f}') for video, second in moments)
    assert read_excluded(folder / 'out.csv') == moments
