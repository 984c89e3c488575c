"""Contract: faults of annotated videos are described in words, without false alarms."""

import pytest

from mmvideomae.formats.annotated_videos import AnnotatedVideo, find_segment_fault


@pytest.mark.parametrize(
    ('segment', 'label', 'message'),
    [
        ((3, 2), 'x', 'ends before it begins'),
        ((2, 2), 'x', 'ends before it begins'),
        ((8, 11), 'x', 'beyond the video, which lasts 10.00 s'),
        ((10.2, 10.4), 'x', 'beyond the video'),
        ((-1, 2), 'x', 'begins before the video'),
        ((-0.4, -0.1), 'x', 'begins before the video'),
        ((1, float('inf')), 'x', 'not a time in seconds'),
        ((1, 2), 'z', "unknown label; the 2 classes are 'x', 'y'"),
        ((8, 10.4), 'x', None),
        ((0, 10), 'y', None),
    ],
)
def test_faults_of_segments(segment: tuple, label: str, message: str | None) -> None:
    video = AnnotatedVideo('v', 'here', segments=[(0, 1), segment], labels=['x', label])
    fault = find_segment_fault(video, ('x', 'y'), 10.0)
    assert (fault is None) if message is None else (message in fault)


def test_a_video_without_segments_is_a_fault_unless_told() -> None:
    video = AnnotatedVideo('v', 'here')
    assert 'no segments' in find_segment_fault(video, ('x',), 10.0)
    assert find_segment_fault(video, ('x',), 10.0, allow_empty=True) is None
    video.too_short = 2
    assert 'no segments but 2 shorter than 1 ms' in find_segment_fault(video, ('x',), 10.0)
