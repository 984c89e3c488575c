"""Contract: windows contain the frames of their steps, each prepared once; the ring is enough."""

from typing import Any
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional as F

from mmvideomae.apis.features.settings import FeatureSettings
from mmvideomae.apis.features.window_plan import WindowPlan, preparation
from mmvideomae.ops.feature_grid import FeatureGrid
from tests.support.videos import moving_shapes

SETTINGS = st.builds(
    FeatureSettings,
    window=st.integers(1, 9),
    stride=st.integers(1, 20),
    interval=st.integers(1, 5),
    offset=st.integers(0, 6),
)


def expected_windows(settings: FeatureSettings, frames: int) -> list[list[int]]:
    """Frame numbers of the windows, written down plainly."""
    windows, start = [], settings.offset
    while start == settings.offset or start + settings.window * settings.interval <= frames:
        shown = range(start, start + settings.window * settings.interval, settings.interval)
        windows.append([min(number, frames - 1) for number in shown])
        start += settings.stride
    return windows


@given(settings=SETTINGS, frames=st.integers(7, 120), batch_size=st.integers(1, 7))
def test_batches_show_every_window_from_a_bounded_ring(
    settings: FeatureSettings, frames: int, batch_size: int
) -> None:
    plan = WindowPlan(settings, frames, batch_size)
    wanted = list(plan.wanted())
    assert wanted == sorted(set(wanted))
    pictures = ((number, np.full((1, 1, 3), number)) for number in wanted)
    ring = np.full((plan.capacity, 1, 1, 3), -1)
    shown: list[list[int]] = []
    for batch in plan.batches(pictures):
        assert len(batch.windows) <= batch_size
        assert len(set(batch.slots.tolist())) == len(batch.slots)
        ring[batch.slots] = batch.frames
        shown += ring[batch.windows][..., 0, 0, 0].tolist()
    assert shown == expected_windows(settings, frames)
    assert len(shown) == plan.steps
    assert wanted == sorted({number for window in shown for number in window})


@given(settings=SETTINGS, batch_size=st.integers(1, 7))
def test_the_ring_does_not_grow_with_the_video(settings: FeatureSettings, batch_size: int) -> None:
    plans = [WindowPlan(settings, frames, batch_size) for frames in (500, 1_000_000)]
    assert plans[0].capacity == plans[1].capacity
    span = settings.window * settings.interval
    assert plans[0].capacity <= (batch_size - 1) * settings.stride + span


@given(settings=SETTINGS, frames=st.integers(7, 300))
def test_steps_are_those_of_the_grid(settings: FeatureSettings, frames: int) -> None:
    grid = FeatureGrid(25.0, settings.stride, settings.window, settings.interval, settings.offset)
    assert WindowPlan(settings, frames, 4).steps == grid.num_steps(frames)


def test_frames_are_taken_as_windows_are_asked_for() -> None:
    plan = WindowPlan(FeatureSettings(window=4, stride=2), 100, 2)
    taken = Mock()

    def pictures():
        for number in plan.wanted():
            taken(number)
            yield number, np.zeros((1, 1, 3))

    batches = plan.batches(pictures())
    for number, last in enumerate((5, 9, 13)):  # windows 0, 1; then 2, 3; then 4, 5
        next(batches)
        assert taken.call_count == last + 1, number


@pytest.mark.parametrize(('height', 'width'), [(48, 96), (100, 60), (20, 24)])
def test_squashing_is_the_published_resize(height: int, width: int) -> None:
    frame = moving_shapes(1, height, width)[0]
    squash = preparation(FeatureSettings(size=32))
    tensor = torch.from_numpy(frame).permute(2, 0, 1)[None].float()
    expected = F.interpolate(tensor, (32, 32), mode='bilinear', align_corners=False)
    np.testing.assert_allclose(squash(frame), expected[0].permute(1, 2, 0), atol=1e-3)


def test_cropping_keeps_the_aspect_and_uint8() -> None:
    frame = moving_shapes(1, 48, 96)[0]
    crop = preparation(FeatureSettings(size=48, resize='crop'))
    np.testing.assert_array_equal(crop(frame), frame[:, 24:72])
    small = preparation(FeatureSettings(size=32, short_side=48, resize='crop'))
    np.testing.assert_array_equal(small(frame), frame[8:40, 32:64])


def smooth(**values: Any) -> FeatureSettings:
    return FeatureSettings(resize='smooth', size=32, **values)


@pytest.mark.parametrize('shape', [(60, 90), (91, 50), (40, 40)])
def test_smooth_frames_are_those_of_processors_of_transformers(shape: tuple[int, int]) -> None:
    transformers = pytest.importorskip('transformers', minversion='5.0')
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    processor = transformers.VJEPA2VideoProcessor(crop_size=32, do_normalize=False)
    theirs = processor(torch.from_numpy(picture).permute(2, 0, 1)[None], return_tensors='pt')
    expected = theirs['pixel_values_videos'][0, 0].permute(1, 2, 0).numpy() * 255
    found = preparation(smooth(short_side=36))(picture)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_smooth_frames_are_nearly_those_of_timm() -> None:
    """timm filters in PIL, whose rounding differs by a level or two."""
    picture = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 256, (61, 90, 3), np.uint8), (0, 0), 2
    )
    transform = timm.data.create_transform(
        (3, 32, 32), interpolation='bicubic', crop_pct=0.9, mean=(0, 0, 0), std=(1, 1, 1)
    )
    expected = transform(Image.fromarray(picture)).permute(1, 2, 0).numpy() * 255
    found = preparation(smooth(short_side=35, interpolation='bicubic'))(picture).astype(float)
    assert np.abs(found - expected).max() <= 2 and np.abs(found - expected).mean() < 0.5
