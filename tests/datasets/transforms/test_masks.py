"""Samples with several clips get one mask per clip, none over padding, and noise on request."""

import numpy as np
import pytest

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.masking import MaskGenerator
from mmvideomae.registry import TRANSFORMS

GRID = (4, 6, 6)
BLOCKS = {'type': 'BlockMask', 'num_blocks': 5}
PADDED = np.array([[0, 0, 0, 0], [0, 0, 0, 1], [0, 1, 1, 1]], bool)


def draw(encoder=BLOCKS, sample=None, seed=0, **options):
    np.random.seed(seed)
    config = {'type': 'GenerateMasks', 'grid_size': GRID, 'encoder': encoder, **options}
    return TRANSFORMS.build(config)(dict(sample or {}))


def test_each_clip_has_its_own_mask() -> None:
    results = draw(sample={'num_clips': 3})
    assert set(results) == {'num_clips', 'encoder_mask'}  # counts differ: no ids
    masks = results['encoder_mask']
    assert masks.shape == (3, *GRID) and masks.dtype == bool
    assert len({mask.tobytes() for mask in masks}) == 3


def test_one_clip_has_no_axis_of_clips_and_the_draw_of_before() -> None:
    single = draw({'type': 'TubeMask', 'ratio': 0.5}, {'num_clips': 1})
    assert single['encoder_mask'].shape == GRID and single['visible_ids'].shape == (72,)
    several = draw({'type': 'TubeMask', 'ratio': 0.5}, {'num_clips': 2})
    assert (several['encoder_mask'][0] == single['encoder_mask']).all()
    assert several['visible_ids'].shape == several['query_ids'].shape == (2, 72)
    for ids, mask in zip(several['query_ids'], several['encoder_mask'], strict=True):
        assert (ids == np.flatnonzero(mask)).all()


@pytest.mark.parametrize(
    'encoder', [BLOCKS, {'type': 'IidMask', 'ratio': 0.5}, {'type': 'TubeMask', 'ratio': 0.5}]
)
def test_padding_is_never_hidden(encoder) -> None:
    for seed in range(20):
        sample = {'num_clips': 3, 'pad_mask': PADDED}
        results = draw(encoder, sample, seed, noise={'type': 'BertNoise', 'num_codes': 8})
        masks, padding = results['encoder_mask'], PADDED[:, :, None, None]
        assert not (masks & padding).any() and masks[0].any()
        assert (results['replacement_ids'][~masks] == -2).all()
        assert 'visible_ids' not in results and 'query_ids' not in results
        whole = draw(encoder, {'num_clips': 3}, seed, noise={'type': 'BertNoise', 'num_codes': 8})
        if encoder['type'] != 'BlockMask':
            assert (whole['encoder_mask'] & ~padding == masks).all()


def test_a_token_of_several_frames_is_padding_where_all_of_them_are() -> None:
    padded = np.array([[0, 0, 0, 0, 0, 1, 1, 1]], bool)  # two frames to a slot
    masks = [draw(sample={'pad_mask': padded}, seed=seed)['encoder_mask'] for seed in range(30)]
    assert np.any(masks, axis=(0, 2, 3)).tolist() == [True, True, True, False]
    with pytest.raises(ValueError, match='masks of 4 slots do not fit clips of 5 frames'):
        draw(sample={'pad_mask': np.zeros((1, 5), bool)})


def test_a_decoder_does_not_reconstruct_padding() -> None:
    decoder = {'type': 'RunningCellMask', 'ratio': 0.5}
    results = draw(sample={'pad_mask': PADDED}, decoder=decoder)
    assert results['decoder_mask'][2, 1:].all() and not results['decoder_mask'][2, 0].all()


@pytest.mark.parametrize('per', ['token', 'block'])
def test_noise_says_what_the_network_gets(per) -> None:
    results = draw(
        sample={'num_clips': 40}, noise={'type': 'BertNoise', 'num_codes': 8, 'per': per}
    )
    ids, masks = results['replacement_ids'], results['encoder_mask']
    assert ids.dtype == np.int64 and ids.shape == masks.shape
    assert (ids[~masks] == -2).all()
    assert set(np.unique(ids[masks])) == {-2, -1, *range(8)}
    plain = draw(sample={'num_clips': 1})
    noisy = draw(sample={'num_clips': 1}, noise={'type': 'BertNoise', 'num_codes': 8, 'per': per})
    assert (plain['encoder_mask'] == noisy['encoder_mask']).all()
    assert 'replacement_ids' not in plain


class BrightMask(MaskGenerator):
    """Hides everything of bright clips."""

    @property
    def num_masked(self):
        return None

    def __call__(self, rng, clip=None):
        return np.full(self.grid_size, clip.mean() > 100)


@pytest.mark.parametrize('shape', [(2, 4, 8, 8, 3), (8, 8, 8, 3)])
def test_masks_that_look_at_a_clip_look_at_their_own(shape) -> None:
    imgs = np.zeros((2, 4, 8, 8, 3), np.uint8)
    imgs[1] = 255
    sample = {'num_clips': 2, 'imgs': imgs.reshape(shape)}
    masks = draw({'type': BrightMask, 'ratio': 0.5}, sample)['encoder_mask']
    assert masks.all((1, 2, 3)).tolist() == [False, True] and not masks[0].any()


def test_noise_per_block_needs_blocks() -> None:
    noise = {'type': 'BertNoise', 'num_codes': 8, 'per': 'block'}
    with pytest.raises(ValueError, match=r'needs a BlockMask, got IidMask.*per=.token'):
        draw({'type': 'IidMask', 'ratio': 0.5}, noise=noise)
