"""Batches reach the model normalised, channel first, with repeats adjacent."""

import numpy as np
import pytest
import torch

from mmvideomae.models import VideoMAEDataPreprocessor


def batch() -> dict[str, object]:
    generator = torch.Generator().manual_seed(0)
    clips = torch.randint(0, 256, (2, 3, 4, 8, 6, 3), dtype=torch.uint8, generator=generator)
    mask = torch.rand(2, 3, 2, 2, 2, generator=generator) < 0.5
    return {'inputs': clips, 'encoder_mask': mask, 'data_samples': ['first', 'second']}


def test_values_and_layout() -> None:
    data = batch()
    out = VideoMAEDataPreprocessor()(data)
    assert out['inputs'].shape == (6, 3, 4, 8, 6)
    assert out['inputs'].is_contiguous()
    pixel = data['inputs'][1, 2, 3, 4, 5].numpy()
    expected = (pixel - np.array([123.675, 116.28, 103.53])) / np.array([58.395, 57.12, 57.375])
    np.testing.assert_allclose(out['inputs'][5, :, 3, 4, 5].numpy(), expected, rtol=1e-5)
    assert torch.equal(out['encoder_mask'][4], data['encoder_mask'][1, 1].flatten())
    assert 'decoder_mask' not in out
    assert out['data_samples'] == ['first', 'second']
    assert data['inputs'].dtype == torch.uint8


def test_further_clips_masks_and_token_ids_are_treated_alike() -> None:
    data = batch()
    ids = torch.arange(12).reshape(2, 3, 2)
    out = VideoMAEDataPreprocessor()(
        {**data, 'teacher_inputs': data['inputs'][:, :, ::2], 'teacher_ids': ids}
    )
    assert torch.equal(out['teacher_inputs'], out['inputs'][:, :, ::2])
    assert torch.equal(out['teacher_ids'], ids.reshape(6, 2))


def test_unit_range_inverts_the_normalisation() -> None:
    data = batch()
    preprocessor = VideoMAEDataPreprocessor()
    clips = preprocessor(data)['inputs'].permute(0, 2, 3, 4, 1).flatten(1)
    expected = data['inputs'].flatten(0, 1).flatten(1) / 255
    torch.testing.assert_close(preprocessor.to_unit_range(clips), expected)


def test_a_batch_of_another_shape_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match='PackClips'):
        VideoMAEDataPreprocessor()({'inputs': torch.zeros(2, 3, 4, 8, 8)})
