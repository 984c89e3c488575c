"""Contract: feature steps keep the video's true time through every transform."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.datasets.transforms import CropFeatures, PackFeatures, ResampleFeatures
from mmvideomae.ops.feature_grid import FeatureGrid

GRID = FeatureGrid(fps=30.0, stride=4, window=16)


def sample(length: int, segments: list[tuple[float, float]]) -> dict:
    """A sequence whose single feature is the time of its step, in seconds."""
    times = GRID.to_seconds(np.arange(length))
    seconds = np.array(segments, float).reshape(-1, 2)
    labels = np.arange(len(seconds))
    return {
        'video_id': 'v',
        'features': times[:, None].astype(np.float32),
        'grid': GRID,
        'fps': 30.0,
        'duration': float(times[-1] + 8 / 30),
        'segments': seconds,
        'steps': GRID.to_steps(seconds),
        'labels': labels,
        'all_labels': labels,
    }


def check_times(results: dict) -> None:
    """Features say when they are; the grid must say the same."""
    found = results['features'][:, 0]
    times = results['grid'].to_seconds(np.arange(len(found)))
    # New steps before the first old one and after the last repeat these.
    np.testing.assert_allclose(found, times.clip(found.min(), found.max()), atol=2e-4)


@settings(max_examples=40)
@given(st.integers(20, 300), st.integers(3, 120), st.integers(0, 10**6))
def test_crops_and_resampling_keep_time_and_segments(length: int, size: int, seed: int) -> None:
    np.random.seed(seed)
    end = GRID.to_seconds(length - 1)
    results = sample(length, [(0.1 * end, 0.5 * end), (0.55 * end, 0.9 * end)])
    whole = results['segments'].copy()
    crop = CropFeatures(max_seq_len=60)
    results = ResampleFeatures(size)(crop(results))
    assert len(results['features']) == size
    check_times(results)
    seconds = results['grid'].to_seconds(results['steps'])
    assert len(seconds) == len(results['labels'])
    for (start, stop), label in zip(seconds, results['labels'], strict=True):
        # What is left is a part of the segment, at least half of it.
        assert whole[label, 0] - 1e-9 <= start < stop <= whole[label, 1] + 1e-9
        assert stop - start >= 0.5 * (whole[label, 1] - whole[label, 0]) - 1e-9
    assert results['segments'] is not None and np.array_equal(results['segments'], whole)


def test_windows_are_actionformers() -> None:
    """Short videos keep 90 to 100 %, long ones the full length; every offset occurs."""
    np.random.seed(0)
    crop = CropFeatures(max_seq_len=100)
    lengths, firsts = set(), set()
    for _ in range(300):
        results = crop(sample(50, [(1, 4)]))
        lengths.add(len(results['features']))
        results = crop(sample(103, [(1, 12)]))
        assert len(results['features']) == 100
        firsts.add(round(float((results['grid'].offset - GRID.offset) / 4)))
    assert lengths == {45, 46, 47, 48, 49, 50}
    assert firsts == {0, 1, 2, 3}
    whole = sample(50, [(1, 4)])
    assert CropFeatures(100, crop_ratio=None)(whole)['grid'] is GRID


def test_segments_are_cut_half_a_span_beyond_the_window() -> None:
    np.random.seed(1)
    # A window of 10 of 200 steps over a segment that fills the video.
    results = CropFeatures(10, trunc_thresh=0.0)(sample(200, [(0, 27)]))
    np.testing.assert_allclose(results['steps'], [[-2, 12]])  # 0.5 * 16 / 4 on both sides


def test_a_window_is_drawn_again_until_a_segment_is_left() -> None:
    np.random.seed(2)
    for _ in range(20):
        results = CropFeatures(60)(sample(600, [(40, 42)]))
        assert len(results['steps']) == 1
    # Nothing fits: the last window stays, without segments.
    results = CropFeatures(20, max_trials=5)(sample(600, [(10, 70)]))
    assert len(results['steps']) == 0 and len(results['features']) == 20
    # A background video is cropped once.
    assert len(CropFeatures(20)(sample(600, []))['features']) == 20


def test_resampling_maps_the_whole_span_onto_the_new_steps() -> None:
    results = ResampleFeatures(192)(sample(61, [(2, 5)]))
    step = 61 / 192
    assert results['grid'].stride == pytest.approx(4 * step)
    # Half a (new) step before the first lies half an (old) step before the first.
    assert results['grid'].to_seconds(-0.5) == pytest.approx(GRID.to_seconds(-0.5))
    assert results['grid'].to_seconds(191.5) == pytest.approx(GRID.to_seconds(60.5))
    same = sample(192, [])
    assert ResampleFeatures(192)(same)['grid'] is GRID


def test_packing_keeps_the_annotation_beside_the_target() -> None:
    results = CropFeatures(60)(sample(600, [(5, 6), (50, 51)]))
    packed = PackFeatures(class_agnostic=True)(results)
    element = packed['data_samples']
    assert packed['inputs'].shape == (1, 60)
    assert element.gt_labels.tolist() == [0, 1] and element.gt_seconds.shape == (2, 2)
    assert element.gt_instances.labels.tolist() == [0] * len(element.gt_instances)
    unlabelled = {k: v for k, v in sample(9, []).items() if k not in ('segments', 'steps')}
    assert 'gt_instances' not in PackFeatures()(unlabelled)['data_samples']


@pytest.mark.parametrize(
    ('build', 'message'),
    [
        (lambda: CropFeatures(0), 'positive'),
        (lambda: CropFeatures(9, crop_ratio=(0.9, 1.1)), 'crop_ratio'),
        (lambda: ResampleFeatures(0), 'positive'),
    ],
)
def test_impossible_settings_are_refused(build: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
