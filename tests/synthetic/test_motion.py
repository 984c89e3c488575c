"""Contract: only motion reveals a clip's class; single frames look alike in all classes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.synthetic.motion import (
    CLASS_NAMES,
    MOTIONS,
    STYLES,
    Style,
    advance,
    class_index,
    draw_scene,
    opposite,
    render_clip,
    render_scene,
)

LABELS = range(len(MOTIONS))


@pytest.mark.parametrize('difficulty', sorted(STYLES))
def test_first_frame_is_the_same_picture_for_all_classes(difficulty: str) -> None:
    clips = [
        render_clip(label, np.random.default_rng(3), (48, 64), 5, difficulty) for label in LABELS
    ]
    for clip in clips:
        assert clip.shape == (5, 48, 64, 3) and clip.dtype == np.uint8
        np.testing.assert_array_equal(clip[0], clips[0][0])
    last = {clip[-1].tobytes() for clip in clips}
    assert len(last) == len(MOTIONS)  # ... and afterwards every class goes its own way


@settings(max_examples=20)
@given(
    label=st.sampled_from(LABELS),
    seed=st.integers(0, 2**32),
    name=st.sampled_from(sorted(STYLES)),
)
def test_clip_played_backwards_is_a_clip_of_the_opposite_class(
    label: int, seed: int, name: str
) -> None:
    style, frames = STYLES[name], 9
    scene = draw_scene(np.random.default_rng(seed), 32, 48, style)
    ends = advance(scene, MOTIONS[label], frames - 1, style)
    shapes = tuple(
        replace(shape, x=x, y=y, angle=angle, phase=phase)
        for shape, (x, y, angle, phase) in zip(scene.shapes, ends, strict=True)
    )
    forwards = render_scene(scene, MOTIONS[label], frames, style)
    backwards = render_scene(replace(scene, shapes=shapes), MOTIONS[opposite(label)], frames, style)
    difference = np.abs(forwards[::-1].astype(int) - backwards)
    # A phase that comes back to 0 may be rounded to 1: the other end of the zoom's cycle.
    zooms_over = any(min(p, 1 - p) < 1e-6 for *_, p in ends)
    assert zooms_over or difference.max() <= 1


def test_opposites_pair_the_classes() -> None:
    assert [opposite(opposite(label)) for label in LABELS] == list(LABELS)
    for label in LABELS:
        here, there = MOTIONS[label], MOTIONS[opposite(label)]
        assert here.direction == tuple(-x for x in there.direction)
        assert (here.turn, here.growth) == (-there.turn, -there.growth)
    assert all(name.startswith('move') for name in CLASS_NAMES[:8])
    assert len({motion.direction for motion in MOTIONS[:8]}) == 8


@pytest.mark.parametrize('label', LABELS)
def test_poses_stay_uniform_over_time(label: int) -> None:
    style, rng = replace(STYLES['easy'], num_shapes=(1, 1)), np.random.default_rng(label)
    scenes = [draw_scene(rng, 16, 16, style) for _ in range(800)]
    ends = np.array([advance(scene, MOTIONS[label], 17, style)[0] for scene in scenes])
    for pose, cycle in zip(ends.T, (16, 16, 2 * np.pi, 1), strict=True):
        counts, _ = np.histogram(pose, bins=8, range=(0, cycle))
        chi_square = ((counts - 100) ** 2 / 100).sum()
        assert chi_square < 30  # 7 degrees of freedom: passed by chance once in 10,000


def _nearest_mean_accuracy(features: np.ndarray, labels: np.ndarray) -> float:
    half = len(labels) // 2
    means = np.stack([features[:half][labels[:half] == k].mean(axis=0) for k in np.unique(labels)])
    distances = ((features[half:, None] - means) ** 2).sum(axis=-1)
    return float((distances.argmin(axis=1) == labels[half:]).mean())


def _ridge_accuracy(features: np.ndarray, labels: np.ndarray) -> float:
    half = len(labels) // 2
    features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)
    train, targets = features[:half], np.eye(labels.max() + 1)[labels[:half]]
    gram = train @ train.T + len(train) * np.eye(len(train))
    scores = features[half:] @ (train.T @ np.linalg.solve(gram, targets))
    return float((scores.argmax(axis=1) == labels[half:]).mean())


def _motion_features(light: np.ndarray) -> np.ndarray:
    """(T, H, W) -> 4 numbers: flow along x and y, turn and growth about the shape's centre."""
    side = light.shape[-1]
    change = (light[2:] - light[:-2]) / 2
    slope_y = (np.roll(light, -1, 1) - np.roll(light, 1, 1))[1:-1] / 2
    slope_x = (np.roll(light, -1, 2) - np.roll(light, 1, 2))[1:-1] / 2
    weight = np.abs(light - np.median(light, axis=(1, 2), keepdims=True))[1:-1]
    turns = np.exp(2j * np.pi * np.arange(side) / side)
    centre_y = np.angle(weight.sum(2) @ turns) * side / (2 * np.pi)
    centre_x = np.angle(weight.sum(1) @ turns) * side / (2 * np.pi)
    y = (np.arange(side) - centre_y[:, None] + side / 2) % side - side / 2
    x = (np.arange(side) - centre_x[:, None] + side / 2) % side - side / 2
    y, x = y[:, :, None] / 5, x[:, None, :] / 5
    fields = (slope_x, slope_y, x * slope_y - y * slope_x, x * slope_x + y * slope_y)
    features = np.array([-np.median((change * field).sum(axis=(1, 2))) for field in fields])
    return features / np.linalg.norm(features)


@pytest.fixture(scope='module')
def light_clips() -> tuple[np.ndarray, np.ndarray]:
    """Clips (M, T, H, W) float of one shape each, and their labels, all classes in turn."""
    rng = np.random.default_rng(0)
    style = replace(STYLES['hard'], num_shapes=(1, 1), textured=False)
    labels = np.arange(480) % len(MOTIONS)
    clips = [render_clip(int(k), rng, 32, 8, style).astype(np.float32).mean(-1) for k in labels]
    return np.stack(clips), labels


@pytest.mark.parametrize('frame', [0, 4, 7])
def test_single_frame_is_no_better_than_chance(
    light_clips: tuple[np.ndarray, np.ndarray], frame: int
) -> None:
    clips, labels = light_clips
    pixels = clips[:, frame].reshape(len(clips), -1)
    spectrum = np.abs(np.fft.rfft2(clips[:, frame])).reshape(len(clips), -1)
    chance = 1 / len(MOTIONS)
    bound = chance + 3.5 * np.sqrt(chance * (1 - chance) / (len(clips) // 2))
    for features in (pixels, np.log1p(spectrum)):
        assert _nearest_mean_accuracy(features, labels) < bound
        assert _ridge_accuracy(features, labels) < bound


def test_frame_differences_tell_the_class(light_clips: tuple[np.ndarray, np.ndarray]) -> None:
    clips, labels = light_clips
    features = np.stack([_motion_features(clip) for clip in clips])
    assert _nearest_mean_accuracy(features, labels) > 0.8


def test_easy_shapes_are_brighter_and_hard_ones_are_of_either_polarity() -> None:
    signs = {}
    for name, style in STYLES.items():
        plain, rng = replace(style, textured=False, num_shapes=(1, 1)), np.random.default_rng(1)
        clips = [render_clip(0, rng, 32, 1, plain).astype(int).mean(-1) for _ in range(30)]
        signs[name] = {int(np.sign(np.mean(clip) - np.median(clip))) for clip in clips}
    assert signs == {'easy': {1}, 'hard': {-1, 1}, 'crowd': {-1, 1}}


def test_texture_moves_with_the_shape_and_the_ground_stands_still() -> None:
    style = replace(STYLES['hard'], num_shapes=(1, 1), speed=(0.125, 0.125), radius=(0.2, 0.2))
    scene = draw_scene(np.random.default_rng(5), 32, 32, style)
    assert scene.ground.std() > 5 and scene.shapes[0].paint.std() > 5
    on_black = replace(scene, ground=np.zeros_like(scene.ground))
    before, after = render_scene(on_black, MOTIONS[0], 2, style).astype(int)
    assert np.abs(np.roll(before, 4, axis=1) - after).max() <= 1
    covered = (before.max(axis=-1) > 0) | (after.max(axis=-1) > 0)
    before, after = render_scene(scene, MOTIONS[0], 2, style)
    np.testing.assert_array_equal(before[~covered], after[~covered])
    assert covered.any() and (before[covered] != after[covered]).any()


def test_labels_and_styles_are_checked() -> None:
    rng = np.random.default_rng(0)
    assert class_index('zoom_in') == class_index(10) == 10
    for label in (12, -1, 'jump'):
        with pytest.raises(ValueError, match='no motion class'):
            render_clip(label, rng)
    with pytest.raises(ValueError, match="no difficulty 'odd'"):
        render_clip(0, rng, difficulty='odd')
    with pytest.raises(ValueError, match='radius'):
        Style(radius=(0.2, 0.6))
    with pytest.raises(ValueError, match='num_shapes'):
        Style(num_shapes=(0, 2))
