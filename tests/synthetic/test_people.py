"""Contract: key frames of synthetic people do not reveal the classes; boxes fit tightly."""

from dataclasses import replace

import numpy as np
import pytest

from mmvideomae.synthetic.motion import CLASS_NAMES, MOTIONS, Style, opposite
from mmvideomae.synthetic.people import (
    STYLE,
    PeopleSettings,
    Plan,
    boxes_of,
    plan_clip,
    plan_people,
    render,
    render_crop,
)

SMALL = PeopleSettings(videos={'train': 3}, seconds=(4, 6))
ALL = replace(SMALL, classes=len(CLASS_NAMES))
PIXELS = np.array([128, 96, 128, 96])


def _without(plan: Plan, actor: int) -> Plan:
    """The plan without one of its actors."""
    others = [n for n in range(len(plan.paces)) if n != actor]
    shapes = tuple(plan.scene.shapes[n] for n in others)
    return replace(
        plan,
        scene=replace(plan.scene, shapes=shapes),
        paces=plan.paces[others],
        poses=plan.poses[:, others],
        labels=plan.labels[:, others],
    )


def _alone(plan: Plan, actor: int) -> np.ndarray:
    """Where an actor is seen in each frame (T, H, W), ignoring what covers it."""
    for other in reversed(range(len(plan.paces))):
        plan = plan if other == actor else _without(plan, other)
    empty = plan.scene.ground + 0.5
    return np.abs(render(plan, SMALL).astype(int) - empty.astype(np.uint8)).max(-1) > 20


def _extent(seen: np.ndarray) -> np.ndarray:
    """The box in pixels around the visible part in one frame."""
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


@pytest.mark.parametrize('number', range(3))
def test_boxes_are_tight_around_the_actors_in_key_frames(number: int) -> None:
    plan = plan_people('train', number, SMALL)
    boxes = boxes_of(plan, SMALL) * PIXELS
    for actor in range(len(plan.paces)):
        seen = _alone(plan, actor)[plan.keys]
        found = np.array([_extent(each) for each in seen])
        assert np.abs(found - boxes[:, actor]).max() < 1.5


def test_key_frames_are_the_same_whatever_the_classes() -> None:
    for number in range(3):
        plan = plan_people('train', number, ALL)
        frames = render(plan, ALL)
        rng = np.random.default_rng(number)
        labels = (plan.labels + rng.integers(1, ALL.classes, plan.labels.shape)) % ALL.classes
        other = render(replace(plan, labels=labels), ALL)
        assert np.array_equal(frames[plan.keys], other[plan.keys])
        between = plan.keys - ALL.reach
        assert (frames[between] != other[between]).any((1, 2, 3)).all()


def test_what_is_drawn_does_not_depend_on_the_number_of_classes_but_the_labels() -> None:
    plan, other = (plan_people('train', 0, replace(SMALL, classes=n)) for n in (2, 8))
    assert np.array_equal(plan.scene.ground, other.scene.ground)
    assert np.array_equal(plan.poses[0], other.poses[0])


def test_a_stroke_played_backwards_is_of_the_opposite_class() -> None:
    for number in range(3):
        plan = plan_people('train', number, ALL)
        swapped = replace(plan, labels=np.vectorize(opposite)(plan.labels))
        frames, back = render(plan, ALL), render(swapped, ALL)
        for key in plan.keys:
            stroke = slice(key - ALL.reach, key + ALL.reach + 1)
            change = np.abs(frames[stroke].astype(int) - back[stroke][::-1])
            assert change.max() <= 1  # rounding


def test_an_actor_goes_where_its_class_says() -> None:
    for number in range(3):
        plan = plan_people('train', number, SMALL)
        for actor in range(len(plan.paces)):
            seen = _alone(plan, actor)
            for key, label in zip(plan.keys, plan.labels[:, actor], strict=True):
                start, end = (_extent(seen[key + step]) for step in (-SMALL.reach, SMALL.reach))
                moved = ((end - start)[:2] + (end - start)[2:]) / 2
                along = moved @ MOTIONS[label].direction
                assert 8 < along < 26  # pixels in 16 frames
                assert abs(moved).sum() - along < 2


def test_actors_stay_in_the_picture_and_near_their_boxes() -> None:
    """During a stroke every actor is wholly visible and overlaps its box of the key frame."""
    for number in range(3):
        plan = plan_people('train', number, ALL)
        boxes = boxes_of(plan, ALL) * PIXELS
        assert boxes.min() >= 1 and (boxes[..., 2:] <= PIXELS[2:] - 1).all()
        for actor in range(len(plan.paces)):
            seen = _alone(plan, actor)
            assert not seen[:, [0, -1]].any() and not seen[:, :, [0, -1]].any()
            for key, box in zip(plan.keys, boxes[:, actor], strict=True):
                for step in (-ALL.reach, ALL.reach):
                    assert _iou(_extent(seen[key + step]), box) > 0.3


def test_actors_hardly_overlap_in_key_frames() -> None:
    for number in range(20):
        plan = plan_people('train', number, SMALL)
        for boxes in boxes_of(plan, SMALL):
            pairs = [_iou(a, b) for n, a in enumerate(boxes) for b in boxes[:n]]
            assert max(pairs) < 0.25


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    shared = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    common = np.prod(shared.clip(0))
    return common / (np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - common)


def test_videos_have_the_length_actors_and_classes_asked_for() -> None:
    labels, counts = [], set()
    for number in range(40):
        plan = plan_people('val', number, SMALL)
        seconds = plan.frames / SMALL.fps
        assert 4 <= seconds <= 6 and seconds == int(seconds)
        assert list(plan.keys) == [20 * second for second in range(1, int(seconds))]
        counts.add(len(plan.paces))
        labels.extend(plan.labels.ravel())
    assert counts == {2, 3}
    shares = np.bincount(labels, minlength=4) / len(labels)
    assert len(shares) == 4 and shares.min() > 0.15


def test_clips_show_one_stroke_of_one_actor_of_no_video() -> None:
    for number in range(8):
        plan = plan_clip('train', number, SMALL)
        assert plan.labels[0, 0] == number % 4 and plan.frames == 17
        clip = render_crop(plan, SMALL)
        assert clip.shape == (17, 48, 48, 3)
        x1, y1, x2, y2 = boxes_of(plan, SMALL)[0, 0] * PIXELS
        frames = render(plan, SMALL)
        found = [
            (left, top)
            for left in range(128 - 47)
            for top in range(96 - 47)
            if np.array_equal(frames[8, top : top + 48, left : left + 48], clip[8])
        ]
        ((left, top),) = found
        assert left <= x1 and x2 <= left + 48 and top <= y1 and y2 <= top + 48
    grounds = {
        make(split, number, SMALL).scene.ground.tobytes()
        for make in (plan_people, plan_clip)
        for split in ('train', 'val')
        for number in range(3)
    }
    assert len(grounds) == 12


def test_clips_have_as_many_actors_around_as_asked() -> None:
    alone = replace(SMALL, clip_actors=(1, 1))
    assert all(len(plan_clip('val', number, alone).paces) == 1 for number in range(6))
    assert {len(plan_clip('val', number, SMALL).paces) for number in range(9)} == {2, 3}


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'videos': {'test': 1}}, 'no split'),
        ({'videos': {'train': 0}}, 'no videos'),
        ({'clips': {'test': 1}}, 'no split'),
        ({'clips': {'train': -1}}, 'no clips'),
        ({'classes': 13}, 'must be 1 to 12, got 13'),
        ({'size': (95, 128)}, 'even'),
        ({'seconds': (1, 4)}, 'seconds'),
        ({'act_seconds': (3, 2)}, 'act_seconds'),
        ({'fps': 16.0}, 'does not fit into 16 frames per second'),
        ({'crop': 98}, 'crop 98'),
    ],
)
def test_impossible_settings_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **changes)


@pytest.mark.parametrize(
    ('style', 'message'),
    [
        (replace(STYLE, num_shapes=(9, 9)), 'do not fit side by side into 96x128'),
        (Style(radius=(0.4, 0.45)), 'do not fit into 96x128'),
    ],
)
def test_actors_without_room_are_refused(style: Style, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan_people('train', 0, replace(SMALL, style=style))
