"""Contract: synthetic untrimmed videos move exactly where and how their annotation says."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmvideomae.formats.annotated_videos import classes_of, find_segment_fault, of_subsets
from mmvideomae.formats.annotations import LineFormat, read_list
from mmvideomae.formats.segment_annotations import read_segments
from mmvideomae.synthetic.motion import CLASS_NAMES, opposite
from mmvideomae.synthetic.untrimmed import (
    UntrimmedSettings,
    list_videos,
    plan_untrimmed,
    render_video,
    write_untrimmed,
)
from mmvideomae.video.readers import open_reader

SMALL = UntrimmedSettings(
    videos={'train': 2, 'val': 1},
    classes=4,
    size=(32, 32),
    seconds=(8, 12),
    segment_seconds=(1, 2),
    gap_seconds=(0.5, 1.5),
)


def test_shapes_move_in_the_segments_and_nowhere_else() -> None:
    for video in list_videos(SMALL):
        frames, stretches = render_video(video, SMALL)
        assert 80 <= len(frames) <= 120 and len(stretches) >= 2
        changes = (np.diff(frames.astype(int), axis=0) != 0).any((1, 2, 3))
        moving = np.zeros(len(frames) - 1, bool)
        for each in stretches:
            moving[each.start : each.end - 1] = True  # a motion starts and ends at rest
        assert not changes[~moving].any()
        assert changes[moving].mean() > 0.9


def test_the_class_is_the_direction_of_motion() -> None:
    """A class played backwards is its opposite; frames of both come from one distribution."""
    video = list_videos(SMALL)[0]
    frames, stretches = render_video(video, SMALL)
    for each in stretches:
        clip = frames[each.start : each.end].astype(float)
        light = clip.mean(3) - clip.mean((0, 3)).min()
        # On the torus, the shift that explains a step best.
        step = min(3, len(clip) - 1)
        scores = {
            (dy, dx): np.abs(np.roll(light[0], (dy, dx), (0, 1)) - light[step]).sum()
            for dy in range(-6, 7)
            for dx in range(-6, 7)
        }
        dy, dx = min(scores, key=scores.get)
        wanted = {'move_right': dx > 0, 'move_left': dx < 0, 'move_down': dy > 0, 'move_up': dy < 0}
        assert wanted[CLASS_NAMES[each.label]]
        assert not wanted[CLASS_NAMES[opposite(each.label)]]


def test_a_video_has_several_classes_and_stillness_between() -> None:
    labels = set()
    for video in list_videos(replace(SMALL, videos={'train': 10})):
        total, stretches, _ = plan_untrimmed(video, SMALL)
        labels |= {each.label for each in stretches}
        edges = [0, *(t for each in stretches for t in (each.start, each.end)), total]
        gaps = np.diff(edges)[::2]
        assert (gaps >= 5).all()  # half a second of 10 frames
        assert len({each.label for each in stretches}) == min(len(stretches), 4)
    assert labels == {0, 1, 2, 3}


def test_more_videos_of_a_seed_begin_with_the_same() -> None:
    one, other = (
        render_video(list_videos(replace(SMALL, videos={'train': n}))[1], SMALL)[0] for n in (2, 5)
    )
    assert np.array_equal(one, other)


def test_the_folder_reads_as_annotation_videos_and_clips(tmp_path: Path) -> None:
    list(write_untrimmed(tmp_path, SMALL))
    videos = read_segments(tmp_path / 'annotation.json')
    assert [v.subset for v in videos] == ['training', 'training', 'validation']
    assert len(of_subsets(videos, ('validation',), 'x')) == 1
    classes = (tmp_path / 'classes.txt').read_text().split()
    assert set(classes_of(videos)) <= set(classes)
    for video in videos:
        assert find_segment_fault(video, classes, video.duration, tolerance=0) is None
        with open_reader(tmp_path / 'videos' / f'{video.video_id}.mp4') as reader:
            assert len(reader) / SMALL.fps == video.duration
    clips = read_list(tmp_path / 'train.csv', LineFormat(labelled=True, num_classes=4))
    assert len(clips) == sum(len(v.segments) for v in videos if v.subset == 'training')
    first = videos[0]
    assert clips[0].start == round(first.segments[0][0] * SMALL.fps)
    assert classes[clips[0].label] == first.labels[0]
    assert json.loads((tmp_path / 'dataset.json').read_text())['kind'] == 'untrimmed'


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'videos': {'test': 3}}, 'no split'),
        ({'videos': {'train': 0}}, 'no videos'),
        ({'classes': 40}, 'classes must be 1 to 12, got 40'),
        ({'size': (33, 32)}, 'even'),
        ({'fps': 0}, 'fps'),
        ({'gap_seconds': (0.0, 1.0)}, 'gap_seconds'),
        ({'segment_seconds': (3, 2)}, 'segment_seconds'),
        ({'segment_seconds': (1, 7)}, 'do not fit'),
    ],
)
def test_impossible_settings_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **changes)
