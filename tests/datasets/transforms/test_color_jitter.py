"""Contract: all colours of a clip change together, within the given limits."""

import colorsys

import cv2
import numpy as np
import pytest

from mmvideomae.datasets.transforms import ClipColorJitterHSV


def test_colours_move_by_one_amount_for_the_whole_clip() -> None:
    np.random.seed(1)
    rng = np.random.default_rng(0)
    imgs = rng.integers(0, 256, (3, 6, 5, 3), dtype=np.uint8)
    shifts = []
    for _ in range(60):
        state = np.random.get_state()
        out = ClipColorJitterHSV(20, 0.1, 0.1)({'imgs': imgs})['imgs']
        np.random.set_state(state)
        hue, saturation, value = (np.random.randint(-b, b + 1) for b in (10, 26, 26))
        for frame, given_out in zip(imgs, out, strict=True):
            hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV).astype(int)
            hsv[..., 0] = (hsv[..., 0] + hue) % 180
            hsv[..., 1] = (hsv[..., 1] + saturation).clip(0, 255)
            hsv[..., 2] = (hsv[..., 2] + value).clip(0, 255)
            wanted = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
            assert np.array_equal(given_out, wanted)
        shifts.append((hue, saturation, value))
    assert out.dtype == np.uint8 and out.shape == imgs.shape and out.flags.c_contiguous
    low, high = np.min(shifts, axis=0), np.max(shifts, axis=0)
    assert (low >= (-10, -26, -26)).all() and (high <= (10, 26, 26)).all()
    assert low[0] < -7 and high[0] > 7 and low[1] < -18 and high[2] > 18
    still = ClipColorJitterHSV(0, 0, 0)({'imgs': imgs})['imgs']
    assert np.abs(still.astype(int) - imgs).max() <= 6  # HSV of OpenCV is coarse


def test_hue_turns_by_two_degrees_a_step() -> None:
    imgs = np.array([[[[200, 40, 40]]]], np.uint8)
    before = colorsys.rgb_to_hsv(200, 40, 40)
    hues = []
    for seed in range(40):
        np.random.seed(seed)
        out = ClipColorJitterHSV(20, 0, 0)({'imgs': imgs})['imgs'][0, 0, 0]
        hue, saturation, value = colorsys.rgb_to_hsv(*map(int, out))
        assert saturation == pytest.approx(before[1], abs=0.02) and value == before[2]
        hues.append((hue * 360 + 180) % 360 - 180)
    assert -21 <= min(hues) < -12 and 12 < max(hues) <= 21


@pytest.mark.parametrize('settings', [{'hue': 200}, {'value': -0.1}])
def test_impossible_settings_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match='got'):
        ClipColorJitterHSV(**settings)
