"""Protects batches of features: padded as in ActionFormer; wrong ones are refused by video."""

import pytest
import torch
from mmengine.structures import BaseDataElement

from mmvideomae.models.data_preprocessors import FeatureDataPreprocessor


def batch(*lengths: int) -> dict[str, list]:
    samples = [BaseDataElement(metainfo={'video_id': f'v{n}'}) for n in range(len(lengths))]
    return {'inputs': [torch.ones(3, n) for n in lengths], 'data_samples': samples}


def test_sequences_are_padded_and_masks_tell_which_steps_are_real() -> None:
    out = FeatureDataPreprocessor(16, 8, pad_value=-1.0)(batch(5, 16), training=True)
    assert out['inputs'].shape == (2, 3, 16) and out['masks'].shape == (2, 1, 16)
    assert out['masks'].dtype == torch.bool and out['masks'].sum((1, 2)).tolist() == [5, 16]
    real = out['masks'].expand(-1, 3, -1)
    assert out['inputs'][real].unique().tolist() == [1]
    assert out['inputs'][~real].unique().tolist() == [-1]


@pytest.mark.parametrize(('length', 'padded'), [(3, 16), (16, 16), (17, 24), (24, 24), (41, 48)])
def test_longer_videos_are_padded_to_the_divisor_in_evaluation(length: int, padded: int) -> None:
    assert FeatureDataPreprocessor(16, 8)(batch(length))['inputs'].shape[2] == padded


def test_wrong_sequences_are_refused_by_video() -> None:
    preprocess = FeatureDataPreprocessor(16, 8)
    with pytest.raises(ValueError, match='video v1: 17 steps in training'):
        preprocess(batch(5, 17), training=True)
    with pytest.raises(ValueError, match='video v1: features must be'):
        preprocess(batch(5, 0))
    wrong = batch(5, 5)
    wrong['inputs'][1] = torch.ones(4, 5)
    with pytest.raises(ValueError, match=r'video v1: features must be .* D = 3'):
        preprocess(wrong)
    with pytest.raises(ValueError, match='multiple of 8, got 20'):
        FeatureDataPreprocessor(20, 8)
