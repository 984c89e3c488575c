"""Repeated augmentation: R independent crops and masks of the same frames."""

import numpy as np
import pytest

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.masking import MaskGenerator, count_dropped
from mmvideomae.registry import TRANSFORMS
from tests.support.videos import moving_shapes

CROP = {'type': 'ClipMultiScaleCrop', 'size': 16}
FLIP = {'type': 'ClipFlip', 'prob': 1}
MASKS = {
    'type': 'GenerateMasks',
    'grid_size': (2, 4, 4),
    'encoder': {'type': 'TubeMask', 'ratio': 0.5},
    'decoder': {'type': 'RunningCellMask', 'ratio': 0.25},
}


def repeat(num_repeats, transforms, imgs=None):
    config = {'type': 'RepeatAugment', 'num_repeats': num_repeats, 'transforms': transforms}
    imgs = moving_shapes(4, 24, 32) if imgs is None else imgs
    return TRANSFORMS.build(config)({'imgs': imgs, 'filename': 'a.mp4'})


@pytest.mark.parametrize('count', [1, 4])
def test_shapes_of_repeats(count):
    results = repeat(count, [CROP, MASKS])
    assert results['imgs'].shape == (count, 4, 16, 16, 3) and results['imgs'].dtype == np.uint8
    for key, dropped in (('encoder_mask', 16), ('decoder_mask', 8)):
        assert results[key].shape == (count, 2, 4, 4) and results[key].dtype == bool
        assert (results[key].reshape(count, -1).sum(axis=1) == dropped).all()
    assert results['filename'] == 'a.mp4' and 'allocate_clip' not in results


def test_repeats_draw_independently():
    np.random.seed(0)
    results = repeat(8, [CROP, MASKS])
    assert len({view.tobytes() for view in results['imgs']}) > 4
    assert len({mask.tobytes() for mask in results['encoder_mask']}) > 4
    assert len({mask.tobytes() for mask in results['decoder_mask']}) > 1


RESIZED = {'type': 'ClipRandomResizedCrop', 'size': 16}


@pytest.mark.parametrize(
    'transforms',
    [[CROP], [CROP, FLIP], [FLIP, CROP], [CROP, CROP], [FLIP], [RESIZED, FLIP], [RESIZED, CROP]],
)
def test_repeats_equal_single_runs_whatever_memory_they_use(transforms):
    frames = moving_shapes(4, 24, 32)
    before = frames.copy()
    np.random.seed(1)
    together = repeat(3, transforms, frames)['imgs']
    np.random.seed(1)
    singly = [repeat(1, transforms, frames)['imgs'][0] for _ in range(3)]
    assert (together == np.stack(singly)).all()
    assert (frames == before).all()


ERASE = {'type': 'ClipRandomErasing', 'prob': 0.5}


def test_boxes_are_drawn_for_each_repeat():
    np.random.seed(0)
    results = repeat(16, [CROP, ERASE])
    assert results['erase_box'].shape == (16, 4) and results['erase_box'].dtype == np.int64
    assert len({box.tobytes() for box in results['erase_box']}) > 4
    assert (results['erase_box'] == 0).all(axis=1).any()
    assert 'erase_box' not in repeat(2, [CROP])


def test_the_recipe_of_fine_tuning_needs_no_copy_of_all_repeats(monkeypatch):
    """Resized crops are written to one array from the start, unless a flip needs new memory."""
    transforms = [
        {'type': 'ClipRandAugment'},
        RESIZED,
        {**FLIP, 'prob': 0},
        ERASE,
    ]
    asked, stack = [], np.stack
    monkeypatch.setattr(np, 'stack', lambda arrays: asked.append(arrays[0].ndim) or stack(arrays))
    assert repeat(3, transforms)['imgs'].shape == (3, 4, 16, 16, 3)
    assert asked == [1]  # the boxes


def test_decoder_masks_only_where_asked_for():
    masks = TRANSFORMS.build({**MASKS, 'decoder': None})({})
    assert set(masks) == {'encoder_mask', 'visible_ids', 'query_ids'}


@pytest.mark.parametrize('decoder', [None, MASKS['decoder']])
def test_token_ids_are_what_the_masks_leave_in_order(decoder):
    results = repeat(3, [CROP, {**MASKS, 'decoder': decoder}])
    asked = results['encoder_mask'] if decoder is None else ~results['decoder_mask']
    for ids, chosen in (
        (results['visible_ids'], ~results['encoder_mask']),
        (results['query_ids'], asked),
    ):
        assert ids.dtype == np.int64
        assert ids.tolist() == [np.flatnonzero(mask).tolist() for mask in chosen]


class MovingMask(MaskGenerator):
    """Hides the tokens that change most between the halves of a clip, or all that change."""

    @property
    def num_masked(self):
        return count_dropped(self.ratio, np.prod(self.grid_size)) if self.ratio else None

    def __call__(self, rng, clip=None):
        t, h, w = self.grid_size
        change = np.abs(np.diff(clip.astype(float), axis=0)).mean((0, 3))
        change = np.tile(change.reshape(h, -1, w, change.shape[1] // w).mean((1, 3)), (t, 1, 1))
        if self.num_masked is None:
            return change > 0
        hidden = np.argsort(change, axis=None, kind='stable')[-self.num_masked :]
        return np.isin(np.arange(change.size), hidden).reshape(change.shape)


@pytest.mark.parametrize('ratio', [0.25, 0])
def test_masks_may_follow_the_clip_and_differ_in_their_counts(ratio):
    imgs = np.zeros((4, 16, 16, 3), np.uint8)
    imgs[2:, :4, :8] = 255  # moves in the first two of four cells of the first row
    encoder = {'type': MovingMask, 'ratio': ratio}
    masks = TRANSFORMS.build({**MASKS, 'encoder': encoder, 'decoder': None})
    results = masks({'imgs': imgs})
    assert results['encoder_mask'][:, 0, :2].all()
    assert ('visible_ids' in results) == ('query_ids' in results) == (ratio > 0)
    assert results['encoder_mask'].sum() == (8 if ratio else 4)


def test_masks_follow_the_global_state():
    build = TRANSFORMS.build(MASKS)
    drawn = []
    for seed in (0, 0, 1):
        np.random.seed(seed)
        drawn.append(build({})['encoder_mask'].tobytes())
    assert drawn[0] == drawn[1] != drawn[2]


def test_errors_of_masks_come_when_the_pipeline_is_built():
    with pytest.raises(ValueError, match=r'ratio must be 0\.25'):
        TRANSFORMS.build({**MASKS, 'decoder': {'type': 'RunningCellMask', 'ratio': 0.9}})
    with pytest.raises(ValueError, match='num_repeats must be positive, got 0'):
        repeat(0, [CROP])


@pytest.mark.parametrize('ratio', [0, 0.001])
@pytest.mark.parametrize('kind', ['TubeMask', 'RandomMask', 'FrameMask'])
def test_masks_that_hide_nothing_are_refused(kind, ratio):
    with pytest.raises(ValueError, match=rf'{kind}\(.*ratio=.* hides no token'):
        TRANSFORMS.build({**MASKS, 'encoder': {'type': kind, 'ratio': ratio}})
