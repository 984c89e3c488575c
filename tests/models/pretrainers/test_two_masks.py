"""Contract: the loss is the mean of those of two masks, with one pass through the teacher."""

from typing import Any

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from mmvideomae.models import TwoMaskPretrainer
from mmvideomae.registry import MODELS, TRANSFORMS
from tests.support.latent import teacher_vit, tiny_latent
from tests.support.models import GRID
from tests.support.weights import randomise


def build() -> TwoMaskPretrainer:
    config = {**tiny_latent('l1', teacher=teacher_vit()), 'type': 'TwoMaskPretrainer'}
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        model = MODELS.build(config)
        randomise(model)
        randomise(model.target.network, 1)
    return model.eval()


def drawn() -> dict[str, Any]:
    """A batch of the real transform."""
    kinds = [
        {'type': 'MultiBlockMask', 'num_blocks': 4, 'scale': 0.15, 'places': 8},
        {'type': 'MultiBlockMask', 'num_blocks': 2, 'scale': 0.5, 'places': 11},
    ]
    config = {'type': 'GenerateMasks', 'grid_size': GRID, 'encoder': kinds[0], 'second': kinds[1]}
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        transform = TRANSFORMS.build(config)
    np.random.seed(0)
    found = transform({'num_clips': 2})
    found.pop('num_clips')
    return {key: torch.from_numpy(value).flatten(1) for key, value in found.items()}


def test_the_loss_is_the_mean_of_two() -> None:
    model, batch = build(), drawn()
    assert batch['visible_ids'].shape == (2, 16) and batch['second_query_ids'].shape == (2, 22)
    clips, passes = torch.randn(2, 3, 4, 32, 32), []
    model.target.network.register_forward_pre_hook(lambda *args: passes.append(args))
    found = model(clips, **batch, mode='loss')['loss']
    assert len(passes) == 1
    alone = [
        model(clips, batch[f'{kind}encoder_mask'], mode='loss')['loss'] for kind in ('', 'second_')
    ]
    torch.testing.assert_close(found, (alone[0] + alone[1]) / 2)
    assert not torch.isclose(alone[0], alone[1])
    masks = {key: value for key, value in batch.items() if key.endswith('mask')}
    assert torch.equal(model(clips, **masks, mode='loss')['loss'], found)
    shown = model(clips, **batch, mode='predict')
    torch.testing.assert_close(shown.loss, alone[0])


def test_a_decoder_mask_is_refused() -> None:
    batch = drawn()
    mask = batch['encoder_mask']
    with pytest.raises(ValueError, match='no decoder_mask'):
        build()(torch.randn(2, 3, 4, 32, 32), decoder_mask=mask, **batch, mode='loss')
