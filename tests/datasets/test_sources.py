"""Sources distinguish frame folders from videos, cut movies, and refuse contradictions."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.datasets.sources import VideoSource
from mmvideomae.formats.annotations import AnnotationError, Entry
from tests.support.videos import make_broken_video, moving_shapes, write_video


def cut(source, entry):
    return [(s.start, s.total) for s in source.segments(entry)]


@pytest.mark.parametrize(
    ('template', 'entry', 'folder'),
    [
        (None, Entry('a.mp4'), False),
        (None, Entry('a', 0, -1), False),
        (None, Entry('a', 1, 30), True),
        (None, Entry('a.mp4', 10, 30), False),
        ('img_{:05}.jpg', Entry('a'), True),
        ('img_{:05}.jpg', Entry('a', label=3), True),
        ('img_{:05}.jpg', Entry('a', 0, -1), False),
        ('img_{:05}.jpg', Entry('a.mp4'), False),
    ],
)
def test_frame_folders_are_told_from_videos(template, entry, folder):
    source = VideoSource(ann_file='list.txt', filename_tmpl=template)
    assert source.is_folder(entry) is folder
    record = source.record(entry)
    assert record.get('start_index') == (entry.start if folder else entry.start or 0)
    assert ('start_index' in record) is (not folder or entry.start is not None)


@given(total=st.integers(1, 4000), length=st.integers(10, 400), start=st.integers(0, 50))
def test_segments_cover_every_frame_once_and_none_is_short(total, length, start):
    pieces = cut(VideoSource(folder='f', segment_frames=length), Entry('a', start, total))
    assert pieces[0][0] == start
    for (begin, count), (following, _) in pairwise(pieces):
        assert begin + count == following
        assert count == length
    begin, count = pieces[-1]
    assert begin + count == start + total
    assert len(pieces) == 1 or length / 2 <= count <= 1.5 * length


def test_without_segments_an_entry_stays_itself():
    assert list(VideoSource(folder='f').segments(Entry('a', 3, 900))) == [Entry('a', 3, 900)]


def test_frames_are_counted_where_the_list_does_not_say(tmp_path):
    write_video(tmp_path / 'a.mp4', moving_shapes(50, 32, 32))
    for first in (0, 1):
        (tmp_path / f'frames{first}').mkdir()
        for number in range(first, first + 30):
            (tmp_path / f'frames{first}' / f'img_{number:05}.jpg').touch()
    make_broken_video('text', tmp_path / 'b.mp4')
    source = VideoSource(
        ann_file='l', data_prefix=str(tmp_path), segment_frames=20, filename_tmpl='img_{:05}.jpg'
    )
    assert cut(source, Entry('a.mp4', 0, -1)) == [(0, 20), (20, 30)]
    assert cut(source, Entry('a.mp4', 9)) == [(9, 20), (29, 21)]
    for first in (0, 1):
        frames = f'frames{first}'
        assert cut(source, Entry(frames)) == [(first, 20), (first + 20, 10)]
        assert cut(source, Entry(frames, None, 25)) == [(first, 25)]
        assert cut(source, Entry(frames, 3, 25)) == [(3, 25)]
    (tmp_path / 'frames0' / 'img_00007.jpg').unlink()
    assert list(source.segments(Entry('frames0'))) == [Entry('frames0')]  # likewise
    assert list(source.segments(Entry('b.mp4'))) == [Entry('b.mp4')]  # met again when it is read


def test_paths_are_joined_to_the_prefix_or_the_folder():
    assert VideoSource(ann_file='l', data_prefix='p').locate('a/b.mp4') == 'p/a/b.mp4'
    assert VideoSource(folder='f').locate('b.mp4') == 'f/b.mp4'
    assert VideoSource(ann_file='l').locate('b.mp4') == 'b.mp4'
    assert VideoSource(ann_file='l', data_prefix='p').locate('/x/b.mp4') == '/x/b.mp4'


def test_records_hold_what_is_known_and_nothing_else():
    video = VideoSource(folder='f', stride=2, fps=12).record(Entry('a.mp4'))
    common = {'modality': 'RGB', 'video_id': 'a'}
    known = {'filename': 'f/a.mp4', 'start_index': 0, 'total_frames': -1, 'stride': 2}
    assert video == {**common, **known}
    frames = VideoSource(folder='f', fps=12).record(Entry('a', 3, 9, 5))
    known = {'filename': 'f/a', 'start_index': 3, 'total_frames': 9, 'label': 5}
    assert frames == {**common, **known, 'filename_tmpl': 'img_{:05}.jpg', 'fps': 12}


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        ({}, r'needs ann_file=LIST, folder=FOLDER or shards=INDEX'),
        ({'ann_file': 'l', 'folder': 'f'}, 'a list or a folder, got both: .* set folder=None'),
        ({'shards': 'i.json', 'data_prefix': 'f'}, "got both: shards='i.json', folder='f'"),
        ({'folder': 'f', 'stride': 0}, 'stride of a source must be positive, got 0'),
        ({'folder': 'f', 'frames': 3}, 'unknown keys of a source: frames; known: ann_file'),
    ],
)
def test_contradictions_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        VideoSource.of(config)


def test_folders_have_no_labels(tmp_path):
    with pytest.raises(AnnotationError, match='needs a list with labels'):
        VideoSource(folder=str(tmp_path)).entries(labelled=True)


def test_labels_of_a_list_stay_below_the_number_of_classes(tmp_path):
    (tmp_path / 'list.txt').write_text('a.mp4 3\n')
    source = VideoSource(ann_file=str(tmp_path / 'list.txt'))
    assert source.entries(labelled=True, num_classes=4)[0].label == 3
    with pytest.raises(AnnotationError, match=r'list\.txt:1: label 3 is outside 0\.\.2'):
        source.entries(labelled=True, num_classes=3)


@pytest.mark.parametrize('field', ['ann_file', 'folder', 'data_prefix', 'shards', 'filename_tmpl'])
@pytest.mark.parametrize('given', [2024, ['a', 'b']])
def test_names_that_are_not_text_are_refused_with_the_cure(field, given):
    """As options, the folders ``2024`` and ``a,b`` are a number and a list."""
    with pytest.raises(ValueError, match=rf"""{field} must be text.*{field}='"TEXT"'"""):
        VideoSource.of({'folder': 'videos', field: given})
