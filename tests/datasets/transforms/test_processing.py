"""Crops and flips: the official sizes and positions, the same for all frames, pixels of PIL."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.nn.functional import interpolate
from torchvision.transforms import RandomResizedCrop

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.registry import TRANSFORMS
from tests.support.videos import moving_shapes


def crop_of(size=224, **settings):
    return TRANSFORMS.build({'type': 'ClipMultiScaleCrop', 'size': size, **settings})


def official_pairs(width, height, target):
    """Candidate (width, height) according to recipe and paper, written out independently."""
    base = min(width, height)
    sides = []
    for scale in (1, 0.875, 0.75, 0.66):
        side = int(base * scale)
        sides.append(target if target - 3 < side < target + 3 else side)
    near = ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2), (3, 3))
    return sorted((sides[j], sides[i]) for i, j in near)


def official_places(width, height, crop_width, crop_height):
    x, y = (width - crop_width) // 4, (height - crop_height) // 4
    grid = ['00', '40', '04', '44', '22', '02', '42', '24', '20', '11', '31', '13', '33']
    return {(int(a) * x, int(b) * y) for a, b in grid}


@pytest.mark.parametrize(
    ('width', 'height'), [(340, 256), (320, 240), (256, 340), (1920, 1080), (400, 255), (298, 298)]
)
def test_candidates_are_the_official_ones(width, height):
    pairs = crop_of().candidates(height, width)
    assert sorted(pairs) == official_pairs(width, height, 224)
    assert len(pairs) == 10


def test_a_side_near_the_target_becomes_the_target():
    """256 * .875 = 224; 258 * .875 = 225; 260 * .875 = 227, three too many."""
    assert {pair[0] for pair in crop_of().candidates(258, 400)} >= {224, 258}
    assert 225 not in {pair[0] for pair in crop_of().candidates(258, 400)}
    assert 227 in {pair[0] for pair in crop_of().candidates(260, 400)}


@given(width=st.integers(1, 500), height=st.integers(1, 500), seed=st.integers(0, 100))
def test_crops_lie_inside_the_frame_at_an_official_place(width, height, seed):
    np.random.seed(seed)
    left, top, crop_width, crop_height = crop_of().draw(height, width)
    assert left >= 0 and left + crop_width <= width and crop_width > 0
    assert top >= 0 and top + crop_height <= height and crop_height > 0
    assert (left, top) in official_places(width, height, crop_width, crop_height)


def test_sizes_and_places_are_drawn_uniformly():
    np.random.seed(0)
    crop, draws = crop_of(), 6500
    drawn = [crop.draw(240, 320) for _ in range(draws)]
    # Of a square as tall as the frame, 5 columns of places remain: 3 + 2 + 3 + 2 + 3 of 13.
    full = [left for left, _, *sides in drawn if sides == [240, 240]]
    assert abs(len(full) / draws - 0.1) < 0.02
    shares = [full.count(column * 20) / len(full) for column in range(5)]
    assert np.abs(np.array(shares) - np.array([3, 2, 3, 2, 3]) / 13).max() < 0.06
    pairs = {tuple(sides) for _, _, *sides in drawn}
    counts = [sum(tuple(sides) == pair for _, _, *sides in drawn) for pair in pairs]
    assert len(pairs) == 10 and np.abs(np.array(counts) / draws - 0.1).max() < 0.02


def test_one_crop_serves_all_frames():
    np.random.seed(3)
    frame = moving_shapes(1, 100, 130, seed=1)
    results = crop_of(64)({'imgs': np.repeat(frame, 5, axis=0)})
    imgs = results['imgs']
    assert imgs.shape == (5, 64, 64, 3) and imgs.dtype == np.uint8 and imgs.flags.c_contiguous
    assert (imgs == imgs[:1]).all()
    left, top, width, height = results['crop_quadruple']
    cut = frame[0, top : top + height, left : left + width]
    wanted = np.asarray(Image.fromarray(cut).resize((64, 64), Image.Resampling.BILINEAR))
    assert np.abs(imgs[0].astype(int) - wanted).max() <= 1
    assert results['img_shape'] == (64, 64)


def test_a_crop_of_the_target_size_is_copied_exactly():
    frames = moving_shapes(2, 64, 64)
    results = crop_of(64, scales=(1,))({'imgs': frames})
    assert (results['imgs'] == frames).all()
    assert not np.shares_memory(results['imgs'], frames)


def test_height_and_width_may_differ():
    results = crop_of((32, 48))({'imgs': moving_shapes(2, 64, 64)})
    assert results['imgs'].shape == (2, 32, 48, 3)


@pytest.mark.parametrize(
    'settings', [{'size': 0}, {'scales': ()}, {'scales': (1.2,)}, {'max_distort': -1}]
)
def test_impossible_crops_are_refused(settings):
    with pytest.raises(ValueError, match='got'):
        crop_of(**settings)


def resized_crop(size=64, **settings):
    return TRANSFORMS.build({'type': 'ClipRandomResizedCrop', 'size': size, **settings})


def test_resized_crops_have_the_areas_and_aspects_of_the_recipe():
    """Area uniform in 8 to 100 %, logarithm of the aspect uniform, where all of them fit."""
    np.random.seed(0)
    boxes = np.array([resized_crop().draw(1000, 1000) for _ in range(4000)])
    left, top, width, height = boxes.T
    assert (left >= 0).all() and (top >= 0).all()
    assert (left + width <= 1000).all() and (top + height <= 1000).all()
    area, aspect = width * height / 1e6, np.log(width / height)
    assert area.min() > 0.079 and abs(aspect).max() < np.log(4 / 3) + 0.01
    fits = area < 0.75  # larger ones do not fit at every aspect
    shares = np.histogram(area[fits], 5, (0.08, 0.75))[0] / fits.sum()
    assert abs(shares - 0.2).max() < 0.03
    shares = np.histogram(aspect[fits], 5, (-np.log(4 / 3), np.log(4 / 3)))[0] / fits.sum()
    assert abs(shares - 0.2).max() < 0.03


def test_places_of_resized_crops_are_drawn_equally_often():
    np.random.seed(0)
    draw = resized_crop(scale=(0.25, 0.25), ratio=(1, 1)).draw
    boxes = np.array([draw(8, 8) for _ in range(2500)])
    assert (boxes[:, 2:] == 4).all()
    counts = np.bincount(boxes[:, 0] * 5 + boxes[:, 1], minlength=25)
    assert ((counts - 100) ** 2 / 100).sum() < 52


@pytest.mark.parametrize(('height', 'width'), [(30, 400), (400, 30), (31, 77), (100, 101)])
def test_where_nothing_drawn_fits_the_crop_is_that_of_torchvision(height, width):
    """A crop of the whole area fits only where the aspect does: then in none of ten draws."""
    np.random.seed(0)
    torch.manual_seed(0)
    left, top, crop_width, crop_height = resized_crop(scale=(1, 1)).draw(height, width)
    image = torch.zeros(3, height, width)
    theirs = RandomResizedCrop.get_params(image, [1.0, 1.0], [3 / 4, 4 / 3])
    assert (top, left, crop_height, crop_width) == theirs


def test_resized_crops_differ_from_the_official_ones_by_rounding():
    """There: float tensors by `interpolate`, bilinear, corners not aligned, no smoothing."""
    np.random.seed(0)
    frames = np.random.default_rng(0).integers(0, 256, (2, 180, 240, 3), dtype=np.uint8)
    crop = resized_crop(112)
    shrunk = 0
    for _ in range(30):
        results = crop({'imgs': frames})
        left, top, width, height = map(int, results['crop_quadruple'])
        cut = frames[:, top : top + height, left : left + width]
        clip = torch.from_numpy(cut.transpose(3, 0, 1, 2).astype(np.float32))
        official = interpolate(clip, (112, 112), mode='bilinear', align_corners=False)
        distance = np.abs(official.numpy().transpose(1, 2, 3, 0) - results['imgs'])
        assert distance.max() <= 1
        shrunk += height > 112 and width > 112
    assert 5 < shrunk < 25  # both ways are tried


def test_a_resized_crop_serves_all_frames():
    np.random.seed(3)
    frames = np.repeat(moving_shapes(1, 100, 130, seed=1), 5, axis=0)
    results = resized_crop((48, 64))({'imgs': frames})
    imgs = results['imgs']
    assert imgs.shape == (5, 48, 64, 3) and imgs.dtype == np.uint8 and imgs.flags.c_contiguous
    assert (imgs == imgs[:1]).all() and results['img_shape'] == (48, 64)


@pytest.mark.parametrize(
    'settings', [{'size': 0}, {'scale': (0.5, 0.1)}, {'scale': (0, 1)}, {'ratio': (2, 1)}]
)
def test_impossible_resized_crops_are_refused(settings):
    with pytest.raises(ValueError, match='got'):
        resized_crop(**settings)


def flip(imgs, prob):
    return TRANSFORMS.build({'type': 'ClipFlip', 'prob': prob})({'imgs': imgs})


def test_flips_mirror_the_whole_clip_and_leave_the_frames_given_alone():
    frames = moving_shapes(3, 16, 24)
    before = frames.copy()
    results = flip(frames, 1)
    assert results['flip'] and (results['imgs'] == before[:, :, ::-1]).all()
    assert (frames == before).all()
    results = flip(frames, 0)
    assert not results['flip'] and results['imgs'] is frames


def test_flips_come_at_their_rate():
    np.random.seed(0)
    frames = np.zeros((1, 2, 2, 3), np.uint8)
    assert abs(sum(flip(frames, 0.3)['flip'] for _ in range(1000)) - 300) < 60
    with pytest.raises(ValueError, match='got 2'):
        flip(frames, 2)


@pytest.mark.parametrize('frame', [(256, 340), (720, 1280), (90, 120)], ids=str)
def test_multi_scale_crop_resizes_as_pil_does(frame):
    """Also where it shrinks detailed frames, which would alias without a smoothing filter."""
    rng = np.random.default_rng(0)
    imgs = rng.integers(0, 256, (2, *frame, 3), dtype=np.uint8)
    np.random.seed(3)
    out = crop_of(64)({'imgs': imgs})
    left, top, width, height = out['crop_quadruple']
    for got, whole in zip(out['imgs'], imgs, strict=True):
        cut = Image.fromarray(whole).crop((left, top, left + width, top + height))
        wanted = np.asarray(cut.resize((64, 64), Image.Resampling.BILINEAR))
        assert np.abs(got.astype(int) - wanted).max() <= 1
