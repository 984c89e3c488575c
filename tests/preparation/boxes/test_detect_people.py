"""Contract: a proposal file covers the requested times; work is continued, divided and complete."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmvideomae.errors import UserError
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.proposals import read_proposals
from mmvideomae.formats.video_places import VideoPlaces
from mmvideomae.jobs.video_jobs import Job, Outcome
from mmvideomae.preparation.boxes.detect_people import (
    PeopleFile,
    Watch,
    annotated_moments,
    regular_moments,
)
from mmvideomae.video.streams import open_stream
from tests.support.videos import make_broken_video, moving_shapes, write_video


class Stub:
    """Replaces a detector: the picture's mean is the score, and dark pictures have nobody."""

    batch_size = 2

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, pictures: list[np.ndarray]) -> list[np.ndarray]:
        self.seen += len(pictures)
        scores = [picture.mean() / 255 for picture in pictures]
        rows = [[[0.25, 0, 0.5, 1, score]] if score > 0.2 else [] for score in scores]
        return [np.array(each, np.float32).reshape(-1, 5) for each in rows]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """a.mp4 of 4 seconds, b.mp4 of 2.5, and a video without pictures."""
    for name, frames in (('a', 40), ('b', 25)):
        write_video(tmp_path / 'videos' / f'{name}.mp4', moving_shapes(frames, 48, 64), fps=10)
    return tmp_path


def places(folder: Path, **options: Any) -> VideoPlaces:
    return VideoPlaces(str(folder / 'videos'), **options)


def last(outcomes: Any) -> Outcome:
    return list(outcomes)[-1]


def test_moments_of_an_annotation(folder: Path) -> None:
    rows = ['a,0902,0,0,1,1,1', 'a,0902,0,0,1,1,2', 'b,900.5,0,0,1,1,1', 'a,0901,0,0,.5,1,1']
    (folder / 'ann.csv').write_text('\n'.join([*rows, 'z,0905,0,0,1,1,7']) + '\n')
    watches = annotated_moments(folder / 'ann.csv', places(folder, start_second=900))
    assert [(each.video_id, each.seconds) for each in watches] == [
        ('a', (901, 902)),
        ('b', (900.5,)),
        ('z', (905,)),
    ]
    assert watches[0].job == Job(str(folder / 'videos/a.mp4'), 'a')
    assert watches[0].place['start_second'] == 900 and watches[2].place is None


def test_moments_of_clips_of_one_source(folder: Path) -> None:
    """As in AVA-Kinetics: each clip is a file of its own, identified by its name."""
    for name in ('x_000010_000020', 'x_000030_000040'):
        write_video(folder / 'videos' / f'{name}.mp4', moving_shapes(100, 32, 32), fps=10)
    (folder / 'ann.csv').write_text('x,12,0,0,1,1,1\nx,35,0,0,1,1,1\na,901,0,0,1,1,1\n')
    watches = annotated_moments(folder / 'ann.csv', places(folder, start_second='name'))
    assert [(each.job.video_id, each.video_id, each.seconds) for each in watches] == [
        ('x_000010_000020', 'x', (12,)),
        ('x_000030_000040', 'x', (35,)),
        ('a', 'a', (901,)),
    ]
    file = PeopleFile(folder / 'p.pkl', {})
    assert last(file.make(Stub(), watches)).failed == {}
    assert set(file.gather(watches)) == {('x', 12), ('x', 35), ('a', 901)}


def test_regular_moments_of_folders_and_tables(folder: Path) -> None:
    (folder / 'videos.csv').write_text('video,path,start_second\nfirst,videos/b.mp4,10\n')
    file = PeopleFile(folder / 'p.pkl', {})
    for where, expected in (
        (places(folder), [('a', second) for second in range(4)] + [('b', n) for n in range(3)]),
        (VideoPlaces(table=str(folder / 'videos.csv')), [('first', n) for n in (10, 11, 12)]),
    ):
        watches = regular_moments(where, step=1)
        last(file.make(Stub(), watches))
        assert list(file.gather(watches)) == expected
    with pytest.raises(ValueError, match='positive number of seconds apart, got 0'):
        regular_moments(places(folder), 0)
    (folder / 'empty').mkdir()
    with pytest.raises(AnnotationError, match='no video below'):
        regular_moments(VideoPlaces(str(folder / 'empty')), 1)


def test_a_run_continues_and_does_nothing_twice(folder: Path) -> None:
    watches, stub = regular_moments(places(folder), 0.5), Stub()
    running = PeopleFile(folder / 'p.pkl', {'threshold': 0.1}).make(stub, watches)
    next(running), next(running)
    running.close()  # interrupted after the first video
    assert stub.seen == 8 and not (folder / 'p.pkl').exists()
    file = PeopleFile(folder / 'p.pkl', {'threshold': 0.1})
    assert file.gather(watches) is None
    outcome = last(file.make(stub, watches))
    assert (outcome.skipped, outcome.done, outcome.units, stub.seen) == (['a'], ['b'], 5, 13)
    found = file.gather(watches)
    read = read_proposals(folder / 'p.pkl')
    assert list(read) == list(found) and len(read) == 13
    for key, rows in read.items():
        np.testing.assert_array_equal(rows, found[key])
    assert {len(rows) for rows in read.values()} <= {0, 1}
    last(file.make(stub, watches))
    assert stub.seen == 13
    assert [path.name for path in folder.glob('*p*.pkl')] == ['p.pkl']


def test_each_video_is_opened_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def count(path: str, *how: Any) -> Any:
        opened.append(Path(path).name)
        return open_stream(path, *how)

    monkeypatch.setattr('mmvideomae.apis.key_frames.open_stream', count)
    made = PeopleFile(folder / 'p.pkl', {}).make(Stub(), regular_moments(places(folder), 1))
    assert last(made).units == 7 and opened == ['a.mp4', 'b.mp4']


def test_other_moments_are_looked_at_anew_and_other_settings_refused(folder: Path) -> None:
    stub, file = Stub(), PeopleFile(folder / 'p.pkl', {'threshold': 0.1})
    for text, seen in (('a,1,0,0,1,1,1\n', 1), ('a,1,0,0,1,1,1\na,2,0,0,1,1,1\n', 3)):
        (folder / 'ann.csv').write_text(text)
        watches = annotated_moments(folder / 'ann.csv', places(folder))
        last(file.make(stub, watches))
        assert stub.seen == seen and len(file.gather(watches)) == text.count('\n')
    with pytest.raises(ValueError, match=r'made with threshold=0\.1, not 0\.2: delete it'):
        PeopleFile(folder / 'p.pkl', {'threshold': 0.2})
    with pytest.raises(ValueError, match=r'written as \.pkl, got .*p\.json'):
        PeopleFile(folder / 'p.json', {})


def test_bad_videos_are_recorded_and_the_file_holds_the_others(folder: Path) -> None:
    make_broken_video('text', folder / 'videos/c.mp4')
    (folder / 'ann.csv').write_text('a,1,0,0,1,1,1\nb,99,0,0,1,1,1\nc,1,0,0,1,1,1\nz,1,0,0,1,1,1\n')
    watches = annotated_moments(folder / 'ann.csv', places(folder))
    file = PeopleFile(folder / 'p.pkl', {})
    outcome = last(file.make(Stub(), watches))
    assert outcome.done == ['a'] and list(outcome.failed) == ['b', 'c', 'z']
    assert 'timestamp 99 lies outside' in outcome.failed['b']
    assert 'it does not exist: looked for' in outcome.failed['z']
    assert list(file.gather(watches)) == [('a', 1)]
    assert (file.parts / 'c.error').is_file()


def test_a_file_stays_if_all_videos_fail(folder: Path) -> None:
    (folder / 'p.pkl').write_bytes(b'as it was')
    (folder / 'ann.csv').write_text('z,1,0,0,1,1,1\n')
    watches = annotated_moments(folder / 'ann.csv', places(folder))
    file = PeopleFile(folder / 'p.pkl', {})
    assert list(last(file.make(Stub(), watches)).failed) == ['z']
    assert file.gather(watches) == {} and (folder / 'p.pkl').read_bytes() == b'as it was'


def test_a_note_of_settings_that_is_none_is_named(folder: Path) -> None:
    (folder / 'p.parts').mkdir()
    for text in ('{', '[]'):
        (folder / 'p.parts' / 'settings.json').write_text(text)
        with pytest.raises(ValueError, match=r'settings\.json has no settings: delete'):
            PeopleFile(folder / 'p.pkl', {})


@pytest.mark.parametrize('name', ['../outside', 'a/../../outside', '/{root}/outside'])
def test_the_name_of_a_video_chooses_no_place_outside(folder: Path, name: str) -> None:
    name = name.replace('/{root}', str(folder))
    (folder / 'ann.csv').write_text(f'{name},1,0,0,1,1,1\n')
    (folder / 'table.csv').write_text(f'{name},videos/a.mp4,0\n')
    with pytest.raises(UserError, match=r"outside.*without '\.\.'"):
        annotated_moments(folder / 'ann.csv', places(folder))
    with pytest.raises(UserError, match=r"outside.*without '\.\.'"):
        regular_moments(VideoPlaces(table=str(folder / 'table.csv')), 1)
    video = str(folder / 'videos/a.mp4')
    made = PeopleFile(folder / 'deep/p.pkl', {}).make(Stub(), [Watch(Job(video, name), name, None)])
    with pytest.raises(UserError, match=r"outside.*without '\.\.'"):
        last(made)
    assert not list(folder.rglob('outside*'))


def test_settings_are_written_once_and_by_whoever_comes_first(folder: Path) -> None:
    watches = regular_moments(places(folder), 1)
    first, second = (PeopleFile(folder / 'p.pkl', {'threshold': t}) for t in (0.1, 0.2))
    last(first.make(Stub(), watches[:1]))
    note = folder / 'p.parts' / 'settings.json'
    written = note.stat()
    last(first.make(Stub(), watches[1:]))
    assert (note.stat().st_ino, note.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    with pytest.raises(UserError, match=r'made with threshold=0\.1, not 0\.2'):
        second.make(Stub(), watches)  # it saw no settings when it was started


def test_processes_share_the_videos(folder: Path) -> None:
    watches = regular_moments(places(folder), 1)
    for share, ready in ((0, False), (1, True)):
        file = PeopleFile(folder / 'p.pkl', {})
        last(file.make(Stub(), watches[share::2]))
        assert (file.gather(watches) is not None) is ready
    assert len(read_proposals(folder / 'p.pkl')) == 7
