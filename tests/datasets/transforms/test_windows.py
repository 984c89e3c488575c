"""Contract: a window has the frames shown at its times, and the parts of segments within it."""

import numpy as np
import pytest
import torch

from mmvideomae.datasets.transforms import CropViews, PackWindow, SampleWindow
from mmvideomae.ops.frame_windows import FrameWindows
from mmvideomae.video.readers import VideoReadError

FPS = 25.0


def video(
    windows: FrameWindows,
    times: np.ndarray | None = None,
    segments: list[tuple[float, float]] | None = None,
    **record: object,
) -> dict:
    """A record of an opened video, of 200 frames and 8 s unless ``times`` are given."""
    times = np.arange(200) / FPS if times is None else times
    results = {
        'filename': 'v.mp4',
        'video_id': 'v',
        'windows': windows,
        'fps': len(times) / (times[-1] + 1 / FPS),
        'frame_times': times,
        'frames_end': times[-1] + 1 / FPS,
        'start_index': 0,
        **record,
    }
    if segments is not None:
        seconds = np.array(segments, float).reshape(-1, 2)
        labels = np.arange(len(seconds))
        results.update(segments=seconds, labels=labels, all_labels=labels)
    return results


def test_a_window_of_a_test_is_the_one_in_its_record() -> None:
    windows = FrameWindows(16, stride=4)
    results = SampleWindow()(video(windows, segments=[(1, 3), (5, 8)], first_step=12))
    assert results['frame_inds'].tolist() == list(range(48, 112, 4))
    # Frame 48 appears at 1.92 s; what begins before it is cut half a frame before its middle.
    assert results['labels'].tolist() == [0]
    seconds = results['grid'].to_seconds(results['steps'])
    np.testing.assert_allclose(seconds, [[1.92, 3]])
    # The last window of a shorter video has the rest.
    results = SampleWindow()(video(windows, segments=[], first_step=40))
    assert results['frame_inds'].tolist() == list(range(160, 200, 4))


def test_training_draws_windows_that_keep_a_segment() -> None:
    np.random.seed(0)
    windows = FrameWindows(10, stride=4)
    firsts = set()
    for _ in range(60):
        results = SampleWindow(trunc_thresh=0.75)(video(windows, segments=[(4, 5)]))
        assert len(results['frame_inds']) == 10 and (np.diff(results['frame_inds']) == 4).all()
        (start, end), grid = results['steps'][0], results['grid']
        assert grid.to_seconds(end) - grid.to_seconds(start) >= 0.75 - 1e-9
        assert grid.to_seconds(0) == pytest.approx(results['frame_inds'][0] / FPS + 0.02)
        firsts.add(int(results['frame_inds'][0]))
    assert len(firsts) > 5


def test_a_short_video_is_cropped_but_not_padded() -> None:
    np.random.seed(0)
    windows = FrameWindows(80, stride=4)  # a video has 50
    lengths = {
        len(SampleWindow()(video(windows, segments=[(0, 8)]))['frame_inds']) for _ in range(90)
    }
    assert lengths == set(range(45, 51))
    whole = SampleWindow(crop_ratio=None)(video(windows, segments=[(0, 8)]))
    assert whole['frame_inds'].tolist() == list(range(0, 200, 4))
    with pytest.raises(VideoReadError, match=r"'v\.mp4': it has 50 frames .* window has 80"):
        SampleWindow()(video(FrameWindows(80, stride=4, pad=False)))
    exact = SampleWindow()(video(FrameWindows(50, stride=4, pad=False)))
    assert len(exact['frame_inds']) == 50  # never cropped, which would need padding


def test_a_whole_video_is_a_window() -> None:
    results = SampleWindow()(video(FrameWindows(8, stride='even'), segments=[(2, 4)]))
    # The middles of eight parts of 25 frames.
    assert results['frame_inds'].tolist() == [12, 37, 62, 87, 112, 137, 162, 187]
    np.testing.assert_allclose(results['steps'], [[1.5, 3.5]])


def test_frames_follow_their_own_times() -> None:
    """Three seconds at 25 frames per second, then a gap of 4 s, then 5 frames per second."""
    times = np.concatenate([np.arange(75) / 25, 7 + np.arange(25) / 5])
    rate = FrameWindows(12, seconds=12)  # a frame each second
    results = SampleWindow(crop_ratio=None)(video(rate, times, segments=[(7, 9)]))
    shown = times[results['frame_inds']]
    expected = [0, 1, 2, 74 / 25, 74 / 25, 74 / 25, 74 / 25, 7, 8, 9, 10, 11]
    np.testing.assert_allclose(shown, expected)
    grid = results['grid']
    np.testing.assert_allclose(grid.to_seconds(np.arange(12)), np.arange(12) + 0.5 / grid.fps)
    np.testing.assert_allclose(grid.to_seconds(results['steps']), [[7, 9]])


def test_frames_count_from_the_start_of_the_file() -> None:
    results = SampleWindow()(video(FrameWindows(5, stride=2), start_index=100, first_step=1))
    assert results['frame_inds'].tolist() == [102, 104, 106, 108, 110]
    assert 'steps' not in results and results['duration'] == pytest.approx(8)


@pytest.mark.parametrize(
    ('told', 'message'),
    [
        ({'told_fps': 30.0}, 'it has 25 fps, but the annotation says 30'),
        ({'told_duration': 20.0}, r'it has 8\.00 s, but the annotation says 20\.00 s'),
    ],
)
def test_a_video_that_differs_from_its_annotation_is_refused(told: dict, message: str) -> None:
    with pytest.raises(VideoReadError, match=message):
        SampleWindow()(video(FrameWindows(8, stride=4), **told))
    near = {'told_fps': 25.1, 'told_duration': 8.5}
    SampleWindow()(video(FrameWindows(8, stride=4), **near))


def test_packing_leaves_frames_as_they_are() -> None:
    results = SampleWindow()(
        video(FrameWindows(4, stride=50), segments=[(1, 3), (5, 8)], first_step=0)
    )
    imgs = np.random.default_rng(0).integers(0, 256, (4, 6, 8, 3), dtype=np.uint8)
    packed = PackWindow(class_agnostic=True)({**results, 'imgs': imgs})
    assert packed['inputs'].dtype == torch.uint8
    np.testing.assert_array_equal(packed['inputs'].numpy(), imgs)
    sample = packed['data_samples']
    assert sample.video_id == 'v' and sample.gt_labels.tolist() == [0, 1]
    assert sample.gt_instances.labels.tolist() == [0, 0]
    np.testing.assert_allclose(sample.grid.to_seconds(sample.gt_instances.segments[0]), [1, 3])
    viewed = CropViews(6)({**results, 'imgs': imgs})
    assert PackWindow()(viewed)['inputs'].shape == (4, 6, 6, 3)
