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


@pytest.mark.parametrize('repeats', [(), (3,)])
def test_boxes_travel_with_their_clips(repeats):
    count = repeats[0] if repeats else 1
    boxes = np.arange(4 * count).reshape(*repeats, 4)
    packed = pack(imgs=np.zeros((*repeats, 4, 6, 8, 3), np.uint8), erase_box=boxes)
    assert packed['erase_box'].dtype == torch.int64
    assert packed['erase_box'].tolist() == boxes.reshape(count, 4).tolist()


def test_clips_after_one_another_are_told_apart():
    imgs = np.random.default_rng(0).integers(0, 256, (8, 6, 8, 3), dtype=np.uint8)
    packed = pack(imgs=imgs, num_clips=2)
    assert (packed['inputs'].numpy() == np.stack([imgs[:4], imgs[4:]])).all()
    packed = pack(imgs=imgs.reshape(4, 2, 6, 8, 3), num_clips=2)
    assert packed['inputs'].shape == (4, 2, 6, 8, 3)


def test_any_number_of_named_masks_and_of_different_clips_travels():
    rng = np.random.default_rng(0)
    parts = {
        'imgs': rng.integers(0, 256, (2, 4, 6, 8, 3), dtype=np.uint8),
        'teacher_imgs': rng.integers(0, 256, (2, 8, 12, 16, 3), dtype=np.uint8),
        'encoder_mask': rng.random((2, 2, 3, 4)) < 0.5,
        'teacher_mask': rng.random((2, 4, 3, 4)) < 0.5,
        'teacher_ids': rng.integers(0, 48, (2, 5)),
    }
    packed = pack(**parts)
    packed.pop('data_samples')
    for key, part in parts.items():
        found = packed.pop(key.replace('imgs', 'inputs')).numpy()
        assert found.dtype == part.dtype and (found.reshape(part.shape) == part).all()
    assert not packed


def test_codes_take_the_place_of_pixels():
    rng = np.random.default_rng(0)
    parts = {
        'codes': rng.integers(0, 512, (2, 5, 4, 4)).astype(np.int16),
        'pad_mask': np.array([[0, 0, 0, 0, 0], [0, 0, 0, 1, 1]], bool),
        'encoder_mask': rng.random((2, 5, 4, 4)) < 0.5,
        'replacement_ids': rng.integers(-2, 512, (2, 5, 4, 4)),
    }
    packed = pack(**parts, num_clips=2, tokenizer='0123abcd', label=1)
    sample = packed.pop('data_samples')
    assert sample.metainfo == {'tokenizer': '0123abcd'} and sample.gt_label.tolist() == [1]
    assert packed['codes'].dtype == torch.int16 and packed['codes'].shape == (2, 5, 4, 4)
    assert packed['pad_mask'].shape == (2, 5)
    assert packed['encoder_mask'].shape == packed['replacement_ids'].shape == (2, 80)
    for key, part in parts.items():
        found = packed.pop(key).numpy()
        assert found.dtype == part.dtype and (found.reshape(part.shape) == part).all()
    assert not packed
