"""Contract: colours of a clip change alike in all frames, as often as told in each view."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mmvideomae.datasets.transforms import ClipColorViews, RepeatAugment

NONE = {'jitter': 0, 'grey': 0, 'blur': (0, 0), 'solarise': (0, 0)}


def clip(frames: int = 3) -> np.ndarray:
    one = np.random.default_rng(0).integers(0, 256, (1, 24, 32, 3), dtype=np.uint8)
    return np.repeat(one, frames, 0)


def changed(view: int = 0, **settings) -> np.ndarray:
    return ClipColorViews(**{**NONE, **settings})({'imgs': clip(), 'repeat': view})['imgs']


def test_frames_change_alike_and_the_source_stays() -> None:
    np.random.seed(0)
    source = clip()
    results = {'imgs': source, 'repeat': 1}
    found = ClipColorViews(jitter=1, grey=0.5, solarise=(0, 1))(results)['imgs']
    assert found.shape == source.shape and found.dtype == np.uint8
    assert (found == found[:1]).all() and not np.array_equal(found, source)
    assert np.array_equal(source, clip())
    assert np.array_equal(changed(), source)


def test_each_change_is_what_it_is_called() -> None:
    source = clip()
    assert np.array_equal(changed(1, solarise=(0, 1)), np.where(source < 128, source, 255 - source))
    assert np.array_equal(changed(0, solarise=(0, 1)), source)
    grey = changed(grey=1).astype(float)
    luma = source @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey - luma[..., None]).max() < 1.5
    blurred = changed(blur=(1, 0), sigma=(1.5, 1.5)).astype(float)
    pictures = Image.fromarray(source[0]).filter(ImageFilter.GaussianBlur(1.5))
    assert np.abs(blurred[0] - np.asarray(pictures, float))[6:-6, 6:-6].mean() < 3
    brighter = changed(jitter=1, strength=(0.4, 0, 0, 0)).astype(float)
    factor = brighter[source > 20].sum() / source[source > 20].sum()
    assert 0.6 <= factor <= 1.4 and factor != 1


def test_views_are_changed_as_often_as_told() -> None:
    np.random.seed(0)
    steps = [ClipColorViews(**{**NONE, 'solarise': (0.25, 1)})]
    many = [RepeatAugment(2, steps)({'imgs': clip(1)})['imgs'] for _ in range(400)]
    solarised = np.mean([[not np.array_equal(v, clip(1)) for v in views] for views in many], 0)
    assert abs(solarised[0] - 0.25) < 0.07 and solarised[1] == 1


@pytest.mark.parametrize(
    ('settings', 'told'),
    [
        ({'blur': (0.5,)}, 'need a probability for each view'),
        ({'grey': 1.5}, 'need a probability for each view'),
        ({'strength': (0.4, 0.4, 0.2, 0.6)}, 'strength needs four values up to'),
    ],
)
def test_wrong_settings_are_refused(settings: dict, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ClipColorViews(**settings)


def test_a_view_too_many_is_refused() -> None:
    with pytest.raises(ValueError, match='has probabilities for 2 views: set num_repeats'):
        changed(2)
