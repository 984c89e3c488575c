"""Packed samples: uint8 clips channel last, flat masks, metainfo and label."""

import numpy as np
import pytest
import torch

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.registry import TRANSFORMS


def pack(**results):
    return TRANSFORMS.build({'type': 'PackClips'})(results)


@pytest.mark.parametrize('repeats', [(), (3,)])
def test_layout(repeats):
    rng = np.random.default_rng(0)
    imgs = rng.integers(0, 256, (*repeats, 4, 6, 8, 3), dtype=np.uint8)
    mask = rng.random((*repeats, 2, 3, 4)) < 0.5
    packed = pack(imgs=imgs, encoder_mask=mask, filename='a.mp4', fps=25.0, other=1)
    count = repeats[0] if repeats else 1
    assert packed['inputs'].dtype == torch.uint8
    assert (packed['inputs'].numpy() == imgs.reshape(count, 4, 6, 8, 3)).all()
    assert packed['encoder_mask'].dtype == torch.bool
    assert (packed['encoder_mask'].numpy() == mask.reshape(count, 24)).all()
    assert set(packed) == {'inputs', 'encoder_mask', 'data_samples'}
    assert packed['data_samples'].metainfo == {'filename': 'a.mp4', 'fps': 25.0}


def test_labels_travel_and_views_are_made_contiguous():
    imgs = np.zeros((4, 6, 8, 3), np.uint8)[:, :, ::-1]
    packed = pack(imgs=imgs, label=3)
    assert packed['inputs'].is_contiguous()
    assert packed['data_samples'].gt_label.tolist() == [3]
