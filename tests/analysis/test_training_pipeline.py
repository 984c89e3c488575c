"""Masks and sizes of clips are those that the training pipeline of a config says."""

from typing import Any

import pytest
import torch
from mmengine.config import Config

from mmvideomae.analysis.training_pipeline import (
    crop_sides,
    draw_masks,
    draw_sample,
    pipeline_shape,
)

GRID = (2, 4, 4)
TUBE = {'type': 'TubeMask', 'ratio': 0.75}
CELLS = {'type': 'RunningCellMask', 'ratio': 0.5}


def config(*steps: dict[str, Any]) -> Config:
    repeats = {'type': 'RepeatAugment', 'transforms': list(steps[1:])}
    pipeline = [{'type': 'OpenVideo'}, *steps[:1], repeats]
    return Config({'train_dataloader': {'dataset': {'pipeline': pipeline}}})


def masking(**sides: Any) -> Config:
    return config(
        {'type': 'ReadFrames'}, {'type': 'GenerateMasks', 'grid_size': (8, 8, 8), **sides}
    )


def test_masks_are_drawn_for_the_grid_that_is_asked_for() -> None:
    encoder, decoder = draw_masks(masking(encoder=TUBE, decoder=CELLS), GRID)
    assert encoder.shape == decoder.shape == (1, 32) and encoder.dtype == torch.bool
    assert int(encoder.sum()) == 2 * 12 and int(decoder.sum()) == 16
    first, second = encoder[0].unflatten(0, GRID)
    assert torch.equal(first, second)
    assert draw_masks(masking(encoder=TUBE), GRID)[1] is None


def test_a_sample_has_masks_and_the_tokens_that_they_leave() -> None:
    found = draw_sample(masking(encoder=TUBE), GRID)
    (visible,) = (value for key, value in found.items() if key == 'visible_ids')
    hidden = found['encoder_mask'][0]
    assert visible[0].tolist() == (~hidden).nonzero()[:, 0].tolist()
    assert draw_sample(config({'type': 'ReadFrames'}), GRID) == {}


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (config({'type': 'ReadFrames'}), 'no GenerateMasks'),
        (masking(decoder=CELLS), 'no encoder mask'),
    ],
)
def test_without_masks_nothing_is_guessed(cfg: Config, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw_masks(cfg, GRID)


def test_the_shape_of_clips_is_that_of_sampling_and_crop() -> None:
    sample = {'type': 'SampleClip', 'clip_len': 12}
    square = {'type': 'ClipMultiScaleCrop', 'size': 32}
    assert pipeline_shape(config(sample, square)) == (12, 32, 32)
    assert pipeline_shape(config(sample, {**square, 'size': (16, 48)})) == (12, 16, 48)
    assert pipeline_shape(config(sample)) is None
    assert crop_sides(config(sample)) is None
    assert pipeline_shape(config({'type': 'ReadFrames'}, square)) is None
