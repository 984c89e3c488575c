"""Contract: predictions are drawn at their own pixels; only ground_truth looks at hidden ones."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mmvideomae.masking import RunningCellMask, TubeMask
from mmvideomae.models.pretrainers import ReconstructionOutput
from mmvideomae.models.targets import PixelTarget
from mmvideomae.models.targets.pixels import NOTES
from mmvideomae.registry import MODELS
from mmvideomae.visualization.reconstruction import (
    MASKED,
    Reconstruction,
    assemble,
    hatching,
    masked_frames,
    reconstructed_frames,
)
from tests.support.models import GRID, tiny_videomae


def _masks(dual: bool) -> tuple[np.ndarray, np.ndarray | None]:
    rng = np.random.default_rng(0)
    encoder = TubeMask(GRID, 0.75)(rng)
    return encoder, RunningCellMask(GRID, 0.5)(rng) if dual else None


def _output(
    clip: np.ndarray, target: str, normalise: str, dual: bool
) -> tuple[ReconstructionOutput, PixelTarget, np.ndarray]:
    """What a tiny model says about a clip, its target, and the encoder mask (N,)."""
    model = MODELS.build(tiny_videomae(target=target, normalise=normalise))
    encoder, decoder = _masks(dual)
    batch = {'inputs': torch.from_numpy(clip)[None, None]}
    batch['encoder_mask'] = torch.from_numpy(encoder.reshape(1, 1, -1))
    if decoder is not None:
        batch['decoder_mask'] = torch.from_numpy(decoder.reshape(1, 1, -1))
    with torch.no_grad():
        output = model.reconstruct(
            *(model.data_preprocessor(batch).get(k) for k in ('inputs', *_MASK_KEYS))
        )
    return output, model.target, encoder.reshape(-1)


_MASK_KEYS = ('encoder_mask', 'decoder_mask')


def _clip(target: str = 'clip') -> np.ndarray:
    frames = 8 if target == 'dense' else 4
    return np.random.default_rng(1).integers(0, 256, (frames, 32, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize('dual', [False, True])
@pytest.mark.parametrize('normalise', ['per_channel', 'none'])
@pytest.mark.parametrize('target', ['clip', 'centre', 'dense'])
def test_right_predictions_give_back_the_original(target: str, normalise: str, dual: bool) -> None:
    clip = _clip(target)
    output, pixel_target, mask = _output(clip, target, normalise, dual)
    view = assemble(clip, mask, output.target[0], output.token_ids[0], pixel_target)
    places = view.predicted.repeat(8, 1).repeat(8, 2)
    assert places.sum() == output.target.numel() / 3
    np.testing.assert_allclose(view.pixels[places], clip[places] / 255, atol=2e-5)
    frames = reconstructed_frames(clip, view)
    shown = (view.predicted | view.seen).repeat(8, 1).repeat(8, 2)
    np.testing.assert_array_equal(frames[shown], clip[shown])
    stripes = np.broadcast_to(hatching(32, 32), clip.shape)
    np.testing.assert_array_equal(frames[~shown], stripes[~shown])


def test_coverage_of_each_target() -> None:
    def coverage(target: str, dual: bool = False) -> Reconstruction:
        output, pixel_target, mask = _output(_clip(target), target, 'none', dual)
        return assemble(_clip(target), mask, output.pred[0], output.token_ids[0], pixel_target)

    whole = coverage('clip')
    assert whole.seen.shape == (4, 4, 4) and whole.masked_share == 0.75
    np.testing.assert_array_equal(whole.predicted, ~whole.seen)
    centre = coverage('centre')
    assert not centre.predicted[[0, 1, 3]].any()
    np.testing.assert_array_equal(centre.predicted[2], ~centre.seen[2])
    dense = coverage('dense')
    assert dense.seen.shape[0] == 8 and not dense.seen[1::2].any()
    np.testing.assert_array_equal(dense.predicted[1::2], dense.predicted[::2])
    np.testing.assert_array_equal(dense.predicted[::2], ~dense.seen[::2])
    dual = coverage('clip', dual=True)
    assert dual.predicted.mean() == 0.5
    assert (~dual.predicted & ~dual.seen).any() and (dual.predicted & dual.seen).any()


def test_masked_frames_hold_what_the_encoder_saw() -> None:
    clip = _clip()
    output, pixel_target, mask = _output(clip, 'clip', 'none', dual=False)
    view = assemble(clip, mask, output.pred[0], output.token_ids[0], pixel_target)
    frames, seen = masked_frames(clip, view), view.seen.repeat(8, 1).repeat(8, 2)
    np.testing.assert_array_equal(frames[seen], clip[seen])
    assert (frames[~seen] == MASKED).all()


def _hidden_changed(clip: np.ndarray, view: Reconstruction) -> np.ndarray:
    """The clip with other pixels where the encoder did not look."""
    seen = view.seen.repeat(8, 1).repeat(8, 2)[..., None]
    return np.where(seen, clip, 255 - clip // 2).astype(np.uint8)


@pytest.mark.parametrize('target', ['clip', 'centre', 'dense'])
@pytest.mark.parametrize('statistics', ['visible', 'none', 'ground_truth'])
def test_only_ground_truth_statistics_depend_on_hidden_pixels(target: str, statistics: str) -> None:
    clip = _clip(target)
    output, pixel_target, mask = _output(clip, target, 'per_channel', dual=False)
    arguments = (mask, output.pred[0], output.token_ids[0], pixel_target, statistics)
    view = assemble(clip, *arguments)
    other = assemble(_hidden_changed(clip, view), *arguments)
    same = np.array_equal(view.pixels, other.pixels)
    assert same == (statistics != 'ground_truth')
    assert view.note == NOTES[statistics]


def test_pixel_targets_need_no_statistics() -> None:
    clip = _clip()
    output, pixel_target, mask = _output(clip, 'clip', 'none', dual=False)
    views = [
        assemble(clip, mask, output.pred[0], output.token_ids[0], pixel_target, statistics)
        for statistics in ('ground_truth', 'visible', 'none')
    ]
    for view in views:
        np.testing.assert_array_equal(view.pixels, views[0].pixels)
        assert view.note == NOTES['raw']


def _flat_prediction(count: int) -> tuple[Tensor, Tensor]:
    ids = torch.arange(count)
    return torch.zeros(count, 2 * 8 * 8 * 3), ids


def test_visible_statistics_take_after_the_nearest_patch() -> None:
    """Left half dark, right half bright: flat predictions follow their side."""
    clip = np.full((4, 32, 32, 3), 40, np.uint8)
    clip[:, :, 16:] = 200
    mask = np.ones((2, 4, 4), bool)
    mask[:, 0, :] = False  # the first row of patches is visible
    pred, ids = _flat_prediction(32)
    view = assemble(clip, mask.reshape(-1), pred, ids, PixelTarget(2, 8), 'visible')
    pixels = view.pixels * 255
    np.testing.assert_allclose(pixels[:, :8], clip[:, :8], atol=0.1)  # visible patches themselves
    assert pixels[:, 8:16, :8].mean() < 60 and pixels[:, 8:16, 24:].mean() > 180


def test_no_statistics_means_mid_grey() -> None:
    mask = np.ones(32, bool)
    mask[:4] = False
    pred, ids = _flat_prediction(32)
    view = assemble(_clip(), mask, pred, ids, PixelTarget(2, 8), 'none')
    np.testing.assert_array_equal(view.pixels, np.float32(0.5))


def test_what_does_not_fit_is_refused() -> None:
    pred, ids = _flat_prediction(32)
    with pytest.raises(ValueError, match="unknown statistics 'mine'"):
        assemble(_clip(), np.ones(32, bool), pred, ids, PixelTarget(2, 8), 'mine')
    with pytest.raises(ValueError, match='mask of 31 tokens'):
        assemble(_clip(), np.ones(31, bool), pred, ids, PixelTarget(2, 8))
