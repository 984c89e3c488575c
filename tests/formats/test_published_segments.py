"""Contract: published annotation files are read as their authors mean them, faults in one line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.published_segments import LAYOUTS, read_published
from tests.support.published import (
    CHARADES,
    EPIC,
    ego4d_clip,
    put,
    write_charades,
    write_ego4d,
    write_epic,
    write_multithumos,
)


def rows(folder: Path, layout: str) -> dict[str, tuple]:
    """Subset, duration and (start, end, label) by video."""
    return {
        video.video_id: (
            video.subset,
            video.duration,
            [
                (*(round(time, 6) for time in ends), label)
                for ends, label in zip(video.segments, video.labels, strict=True)
            ],
        )
        for video in read_published(folder, layout).videos
    }


@pytest.mark.parametrize('inner', ['', 'annotations'])
def test_multithumos(tmp_path: Path, inner: str) -> None:
    """Either folder of the archive; videos of THUMOS14's validation set are for training."""
    folder = write_multithumos(tmp_path) / inner
    assert read_published(folder, 'multithumos').classes == ('Jump', 'Run')
    assert rows(folder, 'multithumos') == {
        'video_validation_0000001': (
            'training', None, [(1, 3, 'Jump'), (2.5, 3.5, 'Jump'), (1.5, 9, 'Run')],
        ),
        'video_test_0000004': ('validation', None, [(0.5, 1, 'Jump')]),
        'video_validation_0000002': ('training', None, [(0.2, 1.2, 'Run')]),
    }  # fmt: skip


def test_charades(tmp_path: Path) -> None:
    folder = write_charades(tmp_path)
    classes = ('Holding some clothes', 'Putting clothes')
    assert read_published(folder, 'charades').classes == classes
    assert rows(folder, 'charades') == {
        'AAAAA': ('training', 4, [(0, 2.5, classes[0]), (1, 2, classes[1])]),
        'BBBBB': ('training', 3.5, []),
        'CCCCC': ('validation', 3, [(0.5, 9.9, classes[1])]),
    }


def test_epic_kitchens(tmp_path: Path) -> None:
    """Times are hours, minutes and seconds; classes have the numbers of the lists of classes."""
    folder = write_epic(tmp_path)
    assert read_published(folder, 'epic-verb').classes == ('take', 'put')
    assert read_published(folder, 'epic-noun').classes == ('tap', 'spoon', 'board:chopping')
    assert rows(folder, 'epic-verb') == {
        'P01_01': ('training', 3601.5, [(0.14, 3.37, 'take'), (3599.5, 3600.25, 'put')]),
        'P02_03': ('validation', 4, [(1, 2.5, 'put')]),
    }
    nouns = [label for *_, found in rows(folder, 'epic-noun').values() for *_, label in found]
    assert nouns == ['spoon', 'board:chopping', 'tap']


def test_ego4d(tmp_path: Path) -> None:
    """Clips are videos whose time starts at 0; only primary labels count."""
    found = read_published(write_ego4d(tmp_path), 'ego4d-mq')
    assert found.classes == ('dry', 'wash')
    assert rows(tmp_path, 'ego4d-mq') == {
        'clip-a': ('training', 4, [(1, 3, 'wash')]),
        'clip-b': ('validation', 4, [(0.5, 1.5, 'dry')]),
    }
    (told,) = found.left_out
    assert told.endswith('clip clip-c has 1 frames per second')


def test_activitynet(tmp_path: Path) -> None:
    """Test videos, which have no segments, do not count; classes are in alphabetical order."""
    segments = [{'segment': [1, 2], 'label': 'b'}, {'segment': [0, 2], 'label': 'a'}]
    database = {
        'x': {'subset': 'training', 'duration': 5, 'annotations': segments},
        'y': {'subset': 'testing', 'duration': 5, 'annotations': []},
    }
    path = put(tmp_path / 'activity_net.json', json.dumps({'database': database}))
    assert rows(path, 'activitynet') == {'x': ('training', 5, [(1, 2, 'b'), (0, 2, 'a')])}
    assert read_published(path, 'activitynet').classes == ('a', 'b')


WRITERS: dict[str, Callable[[Path], Path]] = {
    'multithumos': write_multithumos,
    'charades': write_charades,
    'epic-verb': write_epic,
    'epic-noun': write_epic,
    'ego4d-mq': write_ego4d,
}
BAD_CLIP = ego4d_clip('clip-x', 9, [])
BAD_CLIP['video_end_sec'] = 8
FAULTS = [
    ('multithumos', 'annotations/Run.txt', 'video_test_1 1\n', r'Run.txt:1: expected "video start'),
    ('multithumos', 'annotations/Run.txt', 'v1 1 2\n', "Run.txt:1: 'v1' is not the name of a vali"),
    ('multithumos', 'annotations/Run.txt', 'video_test_1 1 x\n', "Run.txt:1: time 'x' is not a n"),
    ('charades', 'Charades_v1_test.csv', 'id,length\n', 'csv:1: there is no column actions, only'),
    ('charades', 'Charades_v1_test.csv', f'{CHARADES}A,B\n', 'csv:2: 2 fields, expected 11'),
    ('charades', 'Charades_v1_test.csv', f'{CHARADES}A{"," * 9}c007 1 2,3\n', "'c007 1 2' is not"),
    ('charades', 'Charades_v1_test.csv', f'{CHARADES}A{"," * 9},0\n', 'csv:2: length must be a'),
    ('charades', 'Charades_v1_test.csv', f'{CHARADES}A,"b\n', r'csv:\d: unexpected end of data'),
    ('charades', 'Charades_v1_classes.txt', 'Holding\n', "txt:1: 'Holding' is not \"c000 name\""),
    ('epic-verb', 'EPIC_100_verb_classes.csv', 'id,key\n1,take\n', "csv:2: class 1 'take' is not"),
    ('epic-verb', 'EPIC_100_video_info.csv', 'video_id,duration\nP01_01,9\n', "'P02_03' is not in"),
    ('epic-noun', 'EPIC_100_validation.csv', f'{EPIC}n,P,P02_03,0,00:00:01,00:00:02,1,2,t,t,1,s,9,'
     '[],[]\n', "csv:2: noun_class '9' is not one of the 3"),
    ('epic-verb', 'EPIC_100_validation.csv', f'{EPIC}n,P,P02_03,0,1.5,00:00:02,1,2,t,t,1,s,0,[],[]'
     '\n', "csv:2: time '1.5' is not hours:minutes:seconds"),
    ('ego4d-mq', 'moments_val.json', '{"clips": []}', "is not as Ego4D publishes it: KeyError 'v"),
    ('ego4d-mq', 'moments_val.json', '[', 'moments_val.json:1: not valid JSON'),
    ('ego4d-mq', 'moments_val.json', json.dumps({'videos': [{'clips': [BAD_CLIP]}]}),
     'clip clip-x ends at 8 s, but begins at 9 s'),
]  # fmt: skip


@pytest.mark.parametrize(('layout', 'name', 'text', 'message'), FAULTS)
def test_faults_are_told_in_one_line(
    tmp_path: Path, layout: str, name: str, text: str, message: str
) -> None:
    put(WRITERS[layout](tmp_path) / name, text)
    with pytest.raises(AnnotationError, match=message) as error:
        read_published(tmp_path, layout)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('layout', sorted(WRITERS))
def test_a_missing_file_is_named(tmp_path: Path, layout: str) -> None:
    WRITERS[layout](tmp_path / 'all')
    files = [path for path in (tmp_path / 'all').rglob('*') if path.is_file()]
    if layout == 'multithumos':  # any class may be missing, but not all
        files = []
        shutil.rmtree(tmp_path / 'all/annotations')
        with pytest.raises(AnnotationError, match=r'has no files <class>\.txt of MultiTHUMOS'):
            read_published(tmp_path / 'all', layout)
    other = {'epic-verb': 'noun_classes', 'epic-noun': 'verb_classes'}.get(layout, 'none')
    for path in (path for path in files if other not in path.name):
        kept = path.read_text()
        path.unlink()
        with pytest.raises(AnnotationError, match=path.name):
            read_published(tmp_path / 'all', layout)
        path.write_text(kept)
    with pytest.raises(AnnotationError, match='is not a folder: give the one with the annotation'):
        read_published(tmp_path / 'none', layout)


def test_an_unknown_layout_is_refused(tmp_path: Path) -> None:
    assert set(LAYOUTS) == {*WRITERS, 'activitynet'}
    with pytest.raises(ValueError, match="unknown layout 'thumos'; choose one of activitynet, mu"):
        read_published(tmp_path, 'thumos')
