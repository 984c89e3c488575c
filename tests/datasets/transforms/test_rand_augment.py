"""RandAugment of clips equals timm's on single frames, with one draw for all frames of a clip."""

import pickle
import random

import numpy as np
import pytest
from PIL import Image
from timm.data.auto_augment import rand_augment_transform

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.registry import TRANSFORMS
from tests.support.videos import moving_shapes

OFFICIAL = {'magnitude': 7, 'num_ops': 4, 'magnitude_std': 0.5}
FRAMES = moving_shapes(3, 48, 64, seed=5)


def augment(**settings):
    return TRANSFORMS.build({'type': 'ClipRandAugment', **OFFICIAL, **settings})


def seed(number):
    random.seed(number)
    np.random.seed(number)


@pytest.mark.parametrize('interpolation', ['bicubic', 'bilinear'])
def test_every_frame_is_as_timm_makes_it_from_the_same_state(interpolation):
    clips = augment(interpolation=interpolation)
    resampling = Image.Resampling[interpolation.upper()]
    changed = 0
    for number in range(60):
        seed(number)
        made = clips({'imgs': FRAMES})['imgs']
        for frame, ours in zip(FRAMES, made, strict=True):
            hparams = {'interpolation': resampling, 'translate_const': 100}
            single = rand_augment_transform('rand-m7-n4-mstd0.5-inc1', hparams)
            seed(number)
            assert (ours == np.asarray(single(Image.fromarray(frame)))).all(), number
        changed += (made != FRAMES).any()
    assert 45 < changed < 60  # of four operators none is applied once in 16 clips


def test_equal_frames_stay_equal():
    """Signs, magnitudes and interpolations are not drawn again for the next frame."""
    clip = np.repeat(FRAMES[:1], 5, axis=0)
    clips = augment(magnitude_std=3)
    for number in range(100):
        seed(number)
        made = clips({'imgs': clip})['imgs']
        assert (made == made[:1]).all(), number


def test_operators_are_the_fifteen_of_increasing_severity():
    names = [operator.name for operator in augment().operators]
    assert len(set(names)) == 15
    grown = {name for name in names if name.endswith('Increasing')}
    kinds = ('Posterize', 'Solarize', 'Color', 'Contrast', 'Brightness', 'Sharpness')
    assert grown == {f'{kind}Increasing' for kind in kinds}
    assert {'TranslateXRel', 'TranslateYRel'} <= set(names)


def test_operators_are_drawn_with_replacement_and_applied_half_the_time():
    seed(0)
    clips = augment(num_ops=4)
    counts = [len(clips.draw()) for _ in range(2000)]
    expected = 2000 * np.array([1, 4, 6, 4, 1]) / 16
    assert ((np.bincount(counts, minlength=5) - expected) ** 2 / expected).sum() < 20
    always = augment(num_ops=40, prob=1)  # more than there are
    assert len(always.draw()) == 40


@pytest.mark.parametrize(('magnitude', 'std'), [(7, 0.5), (10, 2), (0, 2), (3, 0)])
def test_magnitudes_are_normal_and_cut(magnitude, std, monkeypatch):
    seed(0)
    clips = augment(magnitude=magnitude, magnitude_std=std, prob=1, num_ops=1)
    seen = []
    for operator in clips.operators:
        monkeypatch.setattr(operator, 'level_fn', lambda level, hparams: seen.append(level) or ())
    for _ in range(2000):
        clips.draw()
    drawn = np.random.default_rng(0).normal(magnitude, std, 100_000).clip(0, 10)
    assert min(seen) >= 0 and max(seen) <= 10
    assert abs(np.mean(seen) - drawn.mean()) < 0.1
    assert abs(np.std(seen) - drawn.std()) < 0.1


def test_what_moves_in_is_grey():
    clips = augment(prob=1, num_ops=1, magnitude_std=0)
    clips.operators = [op for op in clips.operators if op.name == 'TranslateXRel']
    made = clips({'imgs': np.full((2, 20, 200, 3), 255, np.uint8)})['imgs']
    shift = round(0.45 * 0.7 * 200)
    assert {tuple(pixel) for pixel in made.reshape(-1, 3)} == {(128,) * 3, (255,) * 3}
    assert (made == 128).all(axis=(0, 1, 3)).sum() == shift


def test_no_bits_left_are_black():
    """PIL refuses to keep no bits, which a magnitude of 9 with deviation asks for now and then."""
    clips = augment(magnitude=10, magnitude_std=0, prob=1, num_ops=1)
    clips.operators = [op for op in clips.operators if op.name == 'PosterizeIncreasing']
    made = clips({'imgs': FRAMES})['imgs']
    assert made.shape == FRAMES.shape and not made.any()


def test_frames_that_are_given_stay_as_they_are():
    before = FRAMES.copy()
    made = augment(prob=1)({'imgs': FRAMES})['imgs']
    assert (before == FRAMES).all() and made.flags.c_contiguous and made.dtype == np.uint8
    assert augment(prob=0)({'imgs': FRAMES})['imgs'] is FRAMES


def test_spawned_workers_get_the_same_operators():
    clips = augment()
    copied = pickle.loads(pickle.dumps(clips))
    seed(4)
    made = clips({'imgs': FRAMES})['imgs']
    seed(4)
    assert (copied({'imgs': FRAMES})['imgs'] == made).all() and (made != FRAMES).any()


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'magnitude': 11}, 'got 11 and 0.5'),
        ({'magnitude_std': -1}, 'got 7 and -1'),
        ({'num_ops': 0}, 'got 0 and 0.5'),
        ({'prob': 2}, 'got 4 and 2'),
        ({'interpolation': 'lanczos'}, 'one of bilinear, bicubic, got'),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        augment(**settings)
