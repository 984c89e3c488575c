"""Contract: persons keep their numbers, and boxes move evenly between key frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.apis.box_tracks import BoxTracks, link_boxes
from mmvideomae.apis.detected_actions import DetectedActions

LEFT, RIGHT = (0, 0, 40, 100), (60, 0, 100, 100)


def array(*boxes: tuple) -> np.ndarray:
    return np.array(boxes, np.float32).reshape(-1, 4)


def found(
    *frames: np.ndarray, seconds: tuple[float, ...] = (0, 1, 2), start: float = 0
) -> DetectedActions:
    """Person n of a key frame scores 0.5 + second / 100 in its only action."""
    scores = [
        np.full((len(each), 1), 0.5 + s / 100) for each, s in zip(frames, seconds, strict=True)
    ]
    return DetectedActions(
        video='v.mp4',
        video_id='v',
        size=(100, 100),
        start_second=start,
        step_seconds=1.0,
        classes={1: 'run'},
        seconds=tuple(start + each for each in seconds),
        boxes=frames,
        box_scores=tuple(np.ones(len(each)) for each in frames),
        scores=tuple(scores),
    )


def test_people_keep_their_numbers_in_whatever_order_they_stand() -> None:
    moved = array((62, 0, 100, 100), (4, 0, 44, 100))
    people = link_boxes([array(LEFT, RIGHT), moved, array(LEFT)], [True, True])
    assert [each.tolist() for each in people] == [[0, 1], [1, 0], [0]]
    apart = link_boxes([array(LEFT, RIGHT), moved], [False])
    assert apart[1].tolist() == [2, 3]


def test_the_best_pair_is_taken_first() -> None:
    """The second box overlaps both old ones; it is the one that it overlaps more."""
    people = link_boxes([array((0, 0, 10, 10), (4, 0, 14, 10)), array((3, 0, 13, 10))], [True])
    assert people[1].tolist() == [1]


def test_boxes_move_evenly_and_actions_are_of_the_nearest_key_frame() -> None:
    tracks = BoxTracks(found(array(LEFT), array((10, 0, 50, 100)), array(RIGHT), start=900))
    for now, edge, score in ((0, 0, 0.5), (0.25, 2.5, 0.5), (0.75, 7.5, 0.51), (1, 10, 0.51)):
        (sight,) = tracks.at(now)
        assert sight.box[0] == pytest.approx(edge) and sight.person == 0
        assert sight.actions[0].score == pytest.approx(score)
    # Somebody else: the box stands until the next key frame is nearer.
    assert tracks.at(1.4)[0].box.tolist() == [10, 0, 50, 100] and tracks.at(1.4)[0].person == 0
    assert tracks.at(1.6)[0].box.tolist() == list(RIGHT) and tracks.at(1.6)[0].person == 1


def test_a_key_frame_tells_of_one_step_around_it() -> None:
    tracks = BoxTracks(found(array(LEFT), array(LEFT), seconds=(2, 9)))
    assert tracks.at(0.9) == [] and tracks.at(5) == [] and tracks.at(11) == []
    assert [tracks.at(now)[0].person for now in (1, 2.5, 3, 8.5, 10)] == [0, 0, 0, 1, 1]
    assert BoxTracks(found(seconds=())).at(1) == []


def test_nobody_is_nobody() -> None:
    tracks = BoxTracks(found(array(LEFT), array(), array(LEFT)))
    assert [len(tracks.at(now)) for now in (0, 0.4, 0.6, 1, 1.6)] == [1, 1, 0, 0, 1]
    assert tracks.at(1.6)[0].person == 1


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_numbers_are_those_of_one_person_each(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(4):
        low = rng.uniform(0, 60, (rng.integers(0, 5), 2))
        frames.append(np.concatenate([low, low + rng.uniform(10, 40, low.shape)], 1))
    people = link_boxes(frames, [True, True, True])
    for numbers, boxes in zip(people, frames, strict=True):
        assert len(numbers) == len(boxes) == len(set(numbers.tolist()))
    everyone = np.concatenate(people)
    assert set(everyone.tolist()) == set(range(len(set(everyone.tolist()))))
