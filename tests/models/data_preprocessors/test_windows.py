"""Protects batches of windows: padded with the last frame, on the steps of the detector."""

import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData

from mmvideomae.models.data_preprocessors import WindowDataPreprocessor
from mmvideomae.ops.feature_grid import FeatureGrid

GRID = FeatureGrid(fps=30, stride=4, window=1, offset=1200)


def batch(*lengths: int) -> dict[str, list]:
    frames = [torch.arange(n, dtype=torch.uint8)[:, None, None, None] for n in lengths]
    samples = [
        BaseDataElement(
            metainfo={'video_id': f'v{n}', 'grid': GRID, 'duration': 90.0},
            gt_instances=InstanceData(
                segments=torch.tensor([[1.0, 6.5]]), labels=torch.tensor([2])
            ),
        )
        for n in range(len(lengths))
    ]
    return {'inputs': [each.repeat(1, 8, 8, 3) for each in frames], 'data_samples': samples}


def test_the_last_frame_is_repeated_and_masks_tell_which_steps_are_real() -> None:
    out = WindowDataPreprocessor(8, frames_per_step=2)(batch(5, 8))
    assert out['inputs'].shape == (2, 3, 8, 8, 8) and out['inputs'].dtype == torch.uint8
    assert out['inputs'][0, 0, :, 0, 0].tolist() == [0, 1, 2, 3, 4, 4, 4, 4]
    assert out['masks'].shape == (2, 1, 4) and out['masks'].sum((1, 2)).tolist() == [3, 4]


@pytest.mark.parametrize('ratio', [1, 2, 4])
def test_segments_keep_their_times(ratio: int) -> None:
    (sample,) = WindowDataPreprocessor(8, ratio)(batch(8))['data_samples']
    wanted = GRID.to_seconds(torch.tensor([[1.0, 6.5]]).double())
    found = sample.grid.to_seconds(sample.gt_instances.segments.double())
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)
    middle = [frame for frame in range(8) if frame // ratio == 1]
    assert sample.grid.to_seconds(1.0) == pytest.approx(
        sum(GRID.to_seconds(float(frame)) for frame in middle) / ratio
    )
    assert sample.gt_instances.labels.tolist() == [2] and sample.duration == 90


@pytest.mark.parametrize('ratio', [1, 4])
def test_open_tad_puts_steps_at_the_start_of_their_frames(ratio: int) -> None:
    (sample,) = WindowDataPreprocessor(8, ratio, step_at_start=True)(batch(8))['data_samples']
    assert sample.grid.to_seconds(1.0) == pytest.approx((1200 + 4 * ratio) / 30)
    wanted = GRID.to_seconds(torch.tensor([[1.0, 6.5]]).double())
    found = sample.grid.to_seconds(sample.gt_instances.segments.double())
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)


def test_wrong_windows_are_refused_by_video_in_one_line() -> None:
    preprocess = WindowDataPreprocessor(8)
    features = batch(8)
    features['inputs'] = [torch.randn(12, 8)]
    with pytest.raises(ValueError, match=r'video v0: .* not float32 \(12, 8\); feature files'):
        preprocess(features)
    with pytest.raises(ValueError, match=r'video v1: 9 frames in a window, but num_frames .* 8'):
        preprocess(batch(8, 9))
    sizes = batch(8, 8)
    sizes['inputs'][1] = sizes['inputs'][1][:, :4]
    with pytest.raises(ValueError, match='video v1: frames of 4x8 pixels, but 8x8'):
        preprocess(sizes)
    with pytest.raises(ValueError, match='num_frames 10 is not a multiple of frames_per_step 4'):
        WindowDataPreprocessor(10, 4)
