"""Test views: every clip at every position along the long side, by the published rule."""

import tracemalloc

import cv2
import numpy as np
import pytest

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.datasets.transforms import views
from mmvideomae.registry import TRANSFORMS
from tests.support.videos import moving_shapes, numbered_frames, write_video


def views_of(imgs, size, num_crops=1, num_clips=1, frame_inds=None):
    built = TRANSFORMS.build({'type': 'CropViews', 'size': size, 'num_crops': num_crops})
    frame_inds = np.arange(len(imgs)) if frame_inds is None else np.array(frame_inds)
    return built({'imgs': imgs, 'num_clips': num_clips, 'frame_inds': frame_inds})


def starts(long, size, num_crops):
    """C.5: the first pixel of each crop along the long side; the middle for one."""
    if num_crops == 1:
        return [(long - size) // 2]
    step = (long - size) / (num_crops - 1)
    return [int(crop * step) for crop in range(num_crops)]


@pytest.mark.parametrize('num_crops', [1, 2, 3, 5])
@pytest.mark.parametrize('size', [7, 16, 224])
def test_places_of_crops_along_every_long_side(num_crops, size):
    crop = TRANSFORMS.build({'type': 'CropViews', 'size': size, 'num_crops': num_crops})
    for long in range(size, size + 400):
        places = crop.starts(long)
        assert places == starts(long, size, num_crops), long
        assert min(places) >= 0 and max(places) <= long - size
        if num_crops > 1:
            assert places[0] == 0 and long - size - places[-1] <= 1


@pytest.mark.parametrize(('height', 'width'), [(20, 30), (30, 20), (20, 20)])
def test_crops_smaller_than_the_short_side_lie_in_its_middle(height, width):
    crop = TRANSFORMS.build({'type': 'CropViews', 'size': 16, 'num_crops': 3, 'short_side': 20})
    frames = moving_shapes(2, height, width, seed=1)
    views = crop({'imgs': frames, 'num_clips': 1, 'frame_inds': np.arange(2)})['imgs']
    tall = height >= width
    for view, start in zip(views, starts(max(height, width), 16, 3), strict=True):
        rows, columns = (start, 2) if tall else (2, start)
        assert np.array_equal(view, frames[:, rows : rows + 16, columns : columns + 16])
    with pytest.raises(ValueError, match='no crop of 16 fits a short side of 15'):
        TRANSFORMS.build({'type': 'CropViews', 'size': 16, 'short_side': 15})


def test_one_crop_is_the_middle_one_of_three():
    one, three = (
        TRANSFORMS.build({'type': 'CropViews', 'size': 8, 'num_crops': n}) for n in (1, 3)
    )
    for long in range(8, 60):
        assert one.starts(long) == three.starts(long)[1:2]


@pytest.mark.parametrize(
    ('height', 'width'), [(24, 40), (40, 24), (16, 31), (31, 16), (16, 16), (50, 50), (9, 21)]
)
@pytest.mark.parametrize('num_crops', [1, 3, 4])
def test_pixels_of_every_view(height, width, num_crops):
    frames = moving_shapes(4, height, width, seed=3)
    results = views_of(frames, 16, num_crops, num_clips=2)
    short = min(height, width)
    tall, wide = int(16 * height / short), int(16 * width / short)
    expected = []
    for clip in (frames[:2], frames[2:]):
        resized = [cv2.resize(frame, (wide, tall)) for frame in clip]
        for start in starts(max(tall, wide), 16, num_crops):
            if wide > tall:
                expected.append([frame[:, start : start + 16] for frame in resized])
            else:
                expected.append([frame[start : start + 16] for frame in resized])
    assert results['imgs'].shape == (2 * num_crops, 2, 16, 16, 3)
    assert results['imgs'].dtype == np.uint8 and results['imgs'].flags.c_contiguous
    assert (results['imgs'] == np.array(expected)).all()
    assert results['img_shape'] == (16, 16)


@pytest.mark.parametrize(('height', 'width'), [(24, 40), (40, 24), (7, 90), (90, 7), (60, 50)])
def test_views_of_very_long_frames_are_sampled_alone(height, width, monkeypatch):
    """The whole frame is never resized if it would be huge, and the views are the same."""
    frames = moving_shapes(2, height, width, seed=3)
    expected = views_of(frames, 16, 3)['imgs'].astype(int)
    monkeypatch.setattr(views, '_MOST_RESIZED', 1)
    monkeypatch.setattr(cv2, 'resize', None)
    assert np.abs(views_of(frames, 16, 3)['imgs'] - expected).max() <= 8


def test_a_strip_takes_no_more_memory_than_its_views():
    frames = np.full((16, 2, 2000, 3), 90, np.uint8)
    tracemalloc.start()
    imgs = views_of(frames, 224, 3)['imgs']
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert imgs.shape == (3, 16, 224, 224, 3) and (imgs == 90).all()
    assert peak < imgs.nbytes + 2**23


def test_a_frame_that_clips_share_is_resized_once(monkeypatch):
    calls, resize = [], cv2.resize
    monkeypatch.setattr(cv2, 'resize', lambda *args, **kw: (calls.append(1), resize(*args, **kw)))
    frames = moving_shapes(6, 24, 40)
    inds = [3, 4, 5, 4, 5, 5]
    results = views_of(frames[inds], 16, 3, num_clips=2, frame_inds=inds)
    assert len(calls) == 3
    singly = views_of(frames[inds], 16, 3, num_clips=2)
    assert len(calls) == 3 + 6
    assert (results['imgs'] == singly['imgs']).all()


TESTING = [
    {'type': 'OpenVideo', 'backend': 'pyav'},
    {'type': 'SampleDenseClips', 'clip_len': 16, 'stride': 4, 'num_clips': 5, 'test_mode': True},
    {'type': 'ReadFrames'},
    {'type': 'CropViews', 'size': 32, 'num_crops': 3},
    {'type': 'PackClips'},
]


@pytest.mark.parametrize('total', [30, 150])
def test_a_video_is_opened_once_and_no_frame_of_it_decoded_twice(total, tmp_path, monkeypatch):
    """Fifteen views of one file: as many frames decoded as are in any of the clips."""
    from mmvideomae.video.readers import pyav_reader

    path = write_video(tmp_path / 'movie.mp4', numbered_frames(total, 48, 64))
    opened, decoded = [], []
    start, decode = pyav_reader.PyAVReader.__init__, pyav_reader.PyAVReader._decode

    def count_open(self, *args, **options):
        opened.append(args[0])
        start(self, *args, **options)

    def count_frames(self, indices):
        decoded.extend(indices.tolist())
        return decode(self, indices)

    monkeypatch.setattr(pyav_reader.PyAVReader, '__init__', count_open)
    monkeypatch.setattr(pyav_reader.PyAVReader, '_decode', count_frames)
    sample = {'filename': str(path), 'label': 1}
    for config in TESTING:
        sample = TRANSFORMS.build(config)(sample)
    assert sample['inputs'].shape == (15, 16, 32, 32, 3)
    assert len(opened) == 1
    assert sorted(decoded) == list(range(0, total, 4))


def test_sparse_clips_become_views_too(tmp_path):
    """Two clips of Something-Something by three crops, of the frames of the rule."""
    path = write_video(tmp_path / 'movie.mp4', numbered_frames(37, 48, 64))
    sampling = {'type': 'SampleSegments', 'clip_len': 8, 'num_clips': 2, 'test_mode': True}
    sample = {'filename': str(path)}
    for config in (TESTING[0], sampling, TESTING[2], {**TESTING[3], 'size': 48}, TESTING[4]):
        sample = TRANSFORMS.build(config)(sample)
    assert sample['inputs'].shape == (6, 8, 48, 48, 3)
    whole = TRANSFORMS.build({'type': 'OpenVideo', 'backend': 'pyav'})({'filename': str(path)})
    with whole['video_reader'] as reader:
        for clip, view in enumerate((0, 3)):  # the left crops hold columns 0 to 47 as they are
            inds = [int(37 / 16 * clip + 37 / 8 * x) for x in range(8)]
            assert (sample['inputs'][view].numpy() == reader.read(inds)[:, :, :48]).all()


@pytest.mark.parametrize('settings', [{'size': 0}, {'size': 8, 'num_crops': 0}])
def test_impossible_views_are_refused(settings):
    with pytest.raises(ValueError, match='must be positive'):
        TRANSFORMS.build({'type': 'CropViews', **settings})
