"""Contract: detected boxes read alike in every layout, nothing is executed, faults are named."""

import json
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import KeyFrame
from mmvideomae.formats.proposals import read_proposals, write_proposals
from tests.support.forged import ForgedArray

EXPECTED = {
    ('0f39OWEqJ24', 902.0): [[0.1, 0.2, 0.6, 0.6, 0.75]],
    ('0f39OWEqJ24', 912.5): [[0, 0, 0.5, 1, 0.25], [0.25, 0.5, 0.5, 0.75, 1.0]],
}
IMAGES = [
    {'id': 7, 'movie': '0f39OWEqJ24', 'timestamp': 902, 'width': 100, 'height': 50},
    {'id': 9, 'movie': '0f39OWEqJ24', 'timestamp': 912.5, 'width': 200, 'height': 100},
]
DETECTIONS = [
    {'image_id': 7, 'category_id': 1, 'bbox': [10, 10, 50, 20], 'score': 0.75},
    {'image_id': 9, 'category_id': 1, 'bbox': [0, 0, 100, 100], 'score': 0.25},
    {'image_id': 9, 'category_id': 3, 'bbox': [0, 0, 9, 9], 'score': 0.9},
    {'image_id': 9, 'category_id': 1, 'bbox': [50, 50, 50, 25.0]},
]


def complete() -> list[dict[str, Any]]:
    """The detections with moment and size of their own."""
    own = []
    for detection in DETECTIONS:
        image = dict(next(i for i in IMAGES if i['id'] == detection['image_id']))
        own.append({**detection, 'video_id': image.pop('movie'), **image})
    return own


def save(folder: Path, content: object, name: str = 'boxes.pkl') -> Path:
    path = folder / name
    if name.endswith('.json'):
        path.write_text(json.dumps(content))
    elif name.endswith('.csv'):
        path.write_text(str(content))
    else:
        path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content))
    return path


def named(boxes: dict[KeyFrame, Any] = EXPECTED) -> dict[str, np.ndarray]:
    return {
        f'{video},{f"{second:04.0f}" if second % 1 == 0 else second}': np.array(rows)
        for (video, second), rows in boxes.items()
    }


def layouts(folder: Path) -> list[Path]:
    lines = [
        f'{video},{second},{",".join(map(str, row))}'
        for (video, second), rows in EXPECTED.items()
        for row in rows
    ]
    slowfast = [','.join([*line.split(',')[:-1], '', line.split(',')[-1]]) for line in lines]
    arrays = named()
    return [
        *(
            save(folder, pickle.dumps(arrays, protocol), f'p{protocol}.pkl')
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ),
        save(folder, {k: v.astype(np.float32) for k, v in arrays.items()}, 'f.pkl'),
        save(folder, {k: v.tolist() for k, v in arrays.items()}, 'lists.PKL'),
        save(folder, complete(), 'own.json'),
        save(folder, {'images': IMAGES, 'annotations': DETECTIONS}, 'both.json'),
        save(folder, '\n'.join(lines), 'plain.csv'),
        save(folder, 'video,second,x1,y1,x2,y2,score\n' + '\n'.join(lines), 'head.csv'),
        save(folder, '\n'.join(slowfast), 'slowfast.csv'),
    ]


def check(proposals: dict[KeyFrame, np.ndarray]) -> None:
    assert list(proposals) == list(EXPECTED)
    for moment, rows in EXPECTED.items():
        assert proposals[moment].dtype == np.float32 and proposals[moment].shape[1] == 5
        np.testing.assert_allclose(proposals[moment], rows, rtol=1e-6)


def test_every_layout_reads_alike(tmp_path: Path) -> None:
    for path in layouts(tmp_path):
        check(read_proposals(path))


def test_image_ids_need_a_table(tmp_path: Path) -> None:
    """AlphAction's boxes name images, which its annotation lists."""
    boxes = save(tmp_path, DETECTIONS, 'boxes.json')
    table = save(tmp_path, {'images': IMAGES, 'annotations': []}, 'ava_val_v2.2_min.json')
    check(read_proposals(boxes, table))
    with pytest.raises(AnnotationError, match=r'detection 0 \(image_id 7\).*list.*proposal_images'):
        read_proposals(boxes)
    with pytest.raises(AnnotationError, match=r'detection 1 .image_id 9'):
        read_proposals(boxes, save(tmp_path, {'images': IMAGES[:1]}, 'part.json'))
    with pytest.raises(AnnotationError, match=r'bad.json: "images" is not a list'):
        read_proposals(boxes, save(tmp_path, {'images': [{'movie': 'v'}]}, 'bad.json'))


def test_boxes_without_scores_have_score_1(tmp_path: Path) -> None:
    path = save(tmp_path, {'v,0001': np.array([[0, 0, 0.5, 1]])})
    assert read_proposals(path)['v', 1.0].tolist() == [[0, 0, 0.5, 1, 1]]
    path = save(tmp_path, 'v,1,0,0,0.5,1\n', 'boxes.csv')
    assert read_proposals(path)['v', 1.0].tolist() == [[0, 0, 0.5, 1, 1]]


def test_key_frames_may_have_no_box_and_repeated_boxes_are_one(tmp_path: Path) -> None:
    rows = np.array([[0, 0, 1, 1, 0.5], [0, 0, 0.5, 1, 0.9], [0, 0, 1, 1, 0.5]])
    proposals = read_proposals(save(tmp_path, {'v,1': rows, 'v,2': np.zeros((0, 5)), 'v,3': []}))
    np.testing.assert_allclose(proposals['v', 1.0], rows[:2], rtol=1e-6)
    assert proposals['v', 2.0].shape == proposals['v', 3.0].shape == (0, 5)


def test_boxes_a_pixel_beyond_the_frame_are_cut(tmp_path: Path) -> None:
    detection = dict(complete()[0], bbox=[-0.5, 0, 101, 50.4])
    path = save(tmp_path, [detection], 'boxes.json')
    assert read_proposals(path)['0f39OWEqJ24', 902.0][0, :4].tolist() == [0, 0, 1, 1]


class Danger:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ('raise SystemExit("executed")',)


@pytest.mark.parametrize(
    'content', [Danger(), {'v,1': Danger()}, {'v,1': Counter()}, {'v,1': np.array([Danger()])}]
)
def test_nothing_but_plain_data_is_unpickled(tmp_path: Path, content: object) -> None:
    with pytest.raises(AnnotationError, match=r'not a pickle of boxes \(it holds .*not plain data'):
        read_proposals(save(tmp_path, content))


def test_rows_that_are_not_flat_are_refused_at_once(tmp_path: Path) -> None:
    tower: list[Any] = [0.5] * 10
    for _ in range(40):
        tower = [tower] * 10
    with pytest.raises(AnnotationError, match=r"'v,1' is not a list of rows"):
        read_proposals(save(tmp_path, {'v,1': tower}))


def test_a_forged_dtype_follows_no_address(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"boxes\.pkl is not a pickle .*'O8'"):
        read_proposals(save(tmp_path, {'v,1': ForgedArray()}))


def detection(**changes: Any) -> list[dict[str, Any]]:
    return [{**complete()[0], **changes}]


FAULTS = [
    ('boxes.pkl', b'', 'is not a pickle of boxes'),
    ('boxes.pkl', b'video,second\n', 'is not a pickle of boxes'),
    ('boxes.pkl', [1, 2], 'holds a list, not a dict of key frames'),
    ('boxes.pkl', {}, 'has no boxes; use .pkl'),
    ('boxes.pkl', {7: np.zeros((1, 5))}, '7 is not a key frame'),
    ('boxes.pkl', {'video': np.zeros((1, 5))}, "'video' is not a key frame such as 'VIDEO,0902'"),
    ('boxes.pkl', {'v,x': np.zeros((1, 5))}, "'v,x': timestamp 'x' is not a number"),
    ('boxes.pkl', {',1': np.zeros((1, 5))}, "',1': the name of the video is missing"),
    ('boxes.pkl', {'v,1': np.zeros((1, 6))}, "'v,1' is not an array (n, 5)"),
    ('boxes.pkl', {'v,1': np.zeros(5)}, "'v,1' is not an array (n, 5)"),
    ('boxes.pkl', {'v,1': 'text'}, "'v,1' is not an array (n, 5)"),
    ('boxes.pkl', {'v,1': np.array([[0, 0, 320, 240, 0.5]])}, 'shares of the frame, not pixels'),
    ('boxes.pkl', {'v,1': np.array([[0.5, 0, 0.4, 1, 0.5]])}, 'is swapped'),
    ('boxes.pkl', {'v,1': np.array([[0, 0, 1, 1, 1.5]])}, 'score 1.5 is outside [0, 1]'),
    ('boxes.pkl', {'v,1': np.array([[0, 0, 1, 1, np.nan]])}, 'score nan is outside [0, 1]'),
    ('boxes.pkl', {'v,1': np.array([[0, np.nan, 1, 1, 0.5]])}, 'is outside [0, 1]'),
    ('boxes.json', [], 'has no boxes; use .pkl'),
    ('boxes.json', {'a': 1}, 'is not a list of COCO detections'),
    ('boxes.json', [1], 'is not a list of COCO detections'),
    ('boxes.json', detection(bbox=[10, 10, 5]), 'detection 0: {'),
    ('boxes.json', detection(bbox=[10, 10, 300, 20]), 'is outside its frame of 100x50 pixels'),
    ('boxes.json', detection(bbox=[10, 10, -5, 20]), 'is outside its frame'),
    ('boxes.json', detection(width=None), 'has no width and height of its frame'),
    ('boxes.json', detection(height=0), 'got 100 and 0'),
    ('boxes.json', detection(timestamp='x'), "detection 0: timestamp 'x'"),
    ('boxes.json', [{'image_id': [1], 'bbox': [1, 2, 3, 4]}], '(image_id [1]) has no video_id'),
    ('boxes.json', detection(score=7), 'score 7 is outside [0, 1]'),
    ('boxes.csv', '', 'has no boxes; use .pkl'),
    ('boxes.csv', 'v,1,0,0,1\n', ':1: 5 fields, expected video,second,x1,y1,x2,y2[,score]'),
    ('boxes.csv', 'v,1,0,0,1,1,12\n', ':1: score 12 is outside [0, 1]'),
    ('boxes.csv', 'v,1,0,0,1,1,.5\nv,1,0,0,1,1,x\n', ":2: score 'x' is not a number"),
    ('boxes.csv', 'v,x,0,0,1,1,1\n', ":1: timestamp 'x'"),
    ('boxes.txt', b'', 'is not a file of boxes: use .pkl'),
]


@pytest.mark.parametrize(('name', 'content', 'message'), FAULTS)
def test_faults_are_one_line_that_names_the_file(
    tmp_path: Path, name: str, content: object, message: str
) -> None:
    path = save(tmp_path, content, name)
    with pytest.raises(AnnotationError) as caught:
        read_proposals(path)
    told = str(caught.value)
    assert told.startswith(str(path)) and message in told and '\n' not in told


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    for name in ('gone.pkl', 'gone.json', 'gone.csv'):
        with pytest.raises(AnnotationError, match=rf'{name}: No such file'):
            read_proposals(tmp_path / name)
    path = save(tmp_path, complete(), 'boxes.json')
    with pytest.raises(AnnotationError, match=r'cannot read the file .*images.json: No such'):
        read_proposals(path, tmp_path / 'images.json')
    (tmp_path / 'boxes.json').write_text('{"a"')
    with pytest.raises(AnnotationError, match=r'boxes.json:1: not valid JSON'):
        read_proposals(tmp_path / 'boxes.json')


@given(
    seed=st.integers(0, 10**6),
    moments=st.dictionaries(
        st.tuples(
            st.sampled_from(['a', 'b,c', '-0']), st.integers(0, 10**6).map(lambda ms: ms / 1000)
        ),
        st.integers(0, 3),
        min_size=1,
    ),
)
def test_what_is_written_is_read_here_and_in_mmaction2(
    seed: int, moments: dict[KeyFrame, int], tmp_path_factory: object
) -> None:
    rng = np.random.default_rng(seed)
    boxes = {}
    for moment, count in moments.items():
        corners = np.sort(rng.random((count, 2, 2)), axis=1).reshape(count, 4)
        boxes[moment] = np.hstack([corners, rng.random((count, 1))]).astype(np.float32)
    path = Path(tmp_path_factory.mktemp('proposals', numbered=True)) / 'boxes.pkl'
    write_proposals(path, boxes)
    again = read_proposals(path)
    assert list(again) == list(boxes)
    assert all(np.array_equal(again[moment], boxes[moment]) for moment in boxes)
    plain = pickle.loads(path.read_bytes())
    assert all(isinstance(key, str) and rows.shape[1] == 5 for key, rows in plain.items())


def test_only_possible_boxes_are_written(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"boxes.pkl: 'v,0001': box 0,0,3,1 is outside"):
        write_proposals(tmp_path / 'boxes.pkl', {('v', 1.0): np.array([[0, 0, 3, 1, 1]])})
    with pytest.raises(AnnotationError, match=r'written as .pkl, got .*boxes.csv'):
        write_proposals(tmp_path / 'boxes.csv', {})
