"""VIMPAC's crops lie on the diagonal, mirrored last: one per training sample, all in tests."""

import numpy as np
import pytest
from PIL import Image

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.datasets.video_list_dataset import VideoListDataset
from mmvideomae.registry import TRANSFORMS
from tests.support.videos import moving_shapes

PLACES = ('top', 'centre', 'bottom')
ALL = {'scales': (1, 1.25), 'positions': PLACES, 'flip': True}


def crop(imgs, size=16, num_clips=1, frame_inds=None, padded=None, **options):
    frame_inds = np.arange(len(imgs)) if frame_inds is None else np.array(frame_inds)
    sample = {'imgs': imgs, 'num_clips': num_clips, 'frame_inds': frame_inds}
    if padded is not None:
        sample['pad_mask'] = np.array(padded, bool)
    return TRANSFORMS.build({'type': 'DiagonalCrop', 'size': size, **options})(sample)


def by_hand(frame, size, side, place, flip):
    """The released order: resize, crop, then mirror; resized by PIL."""
    height, width = frame.shape[:2]
    if height >= width:
        shape = (int(height * side / width), side)
    else:
        shape = (side, int(width * side / height))
    resized = np.asarray(Image.fromarray(frame).resize(shape[::-1], Image.Resampling.BICUBIC))
    factor = PLACES.index(place)
    top, left = (int(factor * (long - size) / 2.0) for long in shape)
    square = resized[top : top + size, left : left + size]
    return square[:, ::-1] if flip else square


@pytest.mark.parametrize('shape', [(40, 60), (60, 40), (16, 23), (37, 37)])
def test_all_views_are_those_cut_by_hand(shape):
    frames = moving_shapes(2, *shape, seed=3)
    views = crop(frames, test_mode=True, **ALL)['imgs']
    assert views.shape == (12, 2, 16, 16, 3) and views.flags.c_contiguous
    number = 0
    for flip in (False, True):
        for side in (16, 20):
            for place in PLACES:
                for t in range(2):
                    expected = by_hand(frames[t], 16, side, place, flip).astype(int)
                    assert np.abs(views[number, t] - expected).max() <= 2, (flip, side, place)
                number += 1


def test_training_draws_one_view_for_all_clips_of_a_sample():
    frames = moving_shapes(6, 40, 60)
    every = crop(frames, test_mode=True, **ALL)['imgs']
    names = set()
    for seed in range(100):
        np.random.seed(seed)
        found = crop(frames, num_clips=2, frame_inds=range(6), **ALL)
        assert found['imgs'].shape == (2, 3, 16, 16, 3) and found['num_crops'] == 1
        whole = found['imgs'].reshape(6, 16, 16, 3)
        assert sum(np.array_equal(whole, view) for view in every) == 1
        names.add(found['view'])
    assert len(names) == 12


def test_the_centre_is_all_that_pre_training_sees():
    frames = moving_shapes(2, 40, 60)
    found = crop(frames)
    assert found['view'] == '16-centre'
    assert np.array_equal(found['imgs'][0], crop(frames, test_mode=True)['imgs'][0])
    assert np.abs(found['imgs'][0, 0] - by_hand(frames[0], 16, 16, 'centre', False)).max() <= 2


def test_views_of_a_clip_are_adjacent_and_padding_follows_them():
    frames = moving_shapes(3, 40, 60)
    padded = [[0, 0], [0, 1]]
    found = crop(frames[[0, 1, 2, 2]], num_clips=2, frame_inds=[0, 1, 2, 2], padded=padded,
                 positions=PLACES, test_mode=True)  # fmt: skip
    assert found['imgs'].shape == (6, 2, 16, 16, 3) and found['num_clips'] == 2
    assert found['pad_mask'].tolist() == [[False, False]] * 3 + [[False, True]] * 3
    for clip in range(2):
        single = crop(frames[[2 * clip, min(2 * clip + 1, 2)]], positions=PLACES, test_mode=True)
        assert np.array_equal(found['imgs'][3 * clip : 3 * clip + 3], single['imgs'])


def test_a_frame_that_clips_share_is_resized_once(monkeypatch):
    from mmvideomae.datasets.transforms import diagonal_crops

    resized, resize = [], diagonal_crops._resize
    monkeypatch.setattr(diagonal_crops, '_resize', lambda *args: resized.append(1) or resize(*args))
    frames = moving_shapes(4, 40, 60)
    crop(frames[[0, 1, 1, 3]], num_clips=2, frame_inds=[0, 1, 1, 3], test_mode=True, **ALL)
    assert len(resized) == 3 * 2  # frames times scales


@pytest.mark.parametrize(('flip', 'fine'), [(True, False), (False, True)])
def test_data_whose_classes_have_sides_refuses_mirrored_views(tmp_path, flip, fine):
    (tmp_path / 'list.txt').write_text('a.mp4 0\n')
    config = {
        'sources': [{'ann_file': str(tmp_path / 'list.txt')}],
        'pipeline': [{'type': 'DiagonalCrop', 'size': 16, 'flip': flip}],
        'mirrorable': False,
    }
    if fine:
        VideoListDataset(**config)
    else:
        with pytest.raises(ValueError, match='DiagonalCrop with mirrored views'):
            VideoListDataset(**config)
