"""The pretrainer reconstructs exactly the tokens that are masked, queried and counted."""

from typing import Any

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn

from mmvideomae.masking import RunningCellMask, TubeMask
from mmvideomae.models import VideoMAE
from mmvideomae.ops.tokens import patchify
from mmvideomae.registry import MODELS
from tests.support.models import GRID, tiny_videomae


def build(**options: str) -> VideoMAE:
    init_default_scope('mmvideomae')
    torch.manual_seed(0)
    return MODELS.build(tiny_videomae(**options))


def masks(count: int = 2, ratio: float = 0.75) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    encoder, decoder = TubeMask(GRID, ratio), RunningCellMask(GRID, 0.5)
    pairs = [(encoder(rng), decoder(rng)) for _ in range(count)]
    stacked = [torch.from_numpy(np.stack(column)).flatten(1) for column in zip(*pairs, strict=True)]
    return stacked[0], stacked[1]


def clips(count: int = 2, frames: int = 4) -> torch.Tensor:
    return torch.randn(count, 3, frames, 32, 32, generator=torch.Generator().manual_seed(1))


def test_masked_tokens_are_reconstructed_and_no_other() -> None:
    encoder_mask, _ = masks()
    output = build().reconstruct(clips(), encoder_mask)
    expected = torch.stack([row.nonzero()[:, 0] for row in encoder_mask])
    assert torch.equal(output.token_ids, expected)
    assert output.loss.item() == pytest.approx((output.pred - output.target).square().mean().item())


@pytest.mark.parametrize('loss_on', ['invisible', 'all_outputs'])
def test_dual_masking_counts_what_the_encoder_did_not_see(loss_on: str) -> None:
    encoder_mask, decoder_mask = masks()
    output = build(loss_on=loss_on).reconstruct(clips(), encoder_mask, decoder_mask)
    assert torch.equal(output.token_ids, torch.stack([(~m).nonzero()[:, 0] for m in decoder_mask]))
    error = (output.pred - output.target).square().mean(2)
    if loss_on == 'invisible':
        error = error[encoder_mask.gather(1, output.token_ids)]
        assert error.numel() < output.token_ids.numel()
    assert output.loss.item() == pytest.approx(error.mean().item())


def test_raw_targets_are_the_pixels_in_unit_range() -> None:
    model = build(normalise='none')
    pixels = torch.rand(2, 3, 4, 32, 32)
    normalised = model.data_preprocessor.normalise(pixels * 255)
    output = model.reconstruct(normalised, masks()[0])
    torch.testing.assert_close(output.target, patchify(pixels, 2, 8, output.token_ids))


def test_dense_target_has_twice_the_frames_of_the_input() -> None:
    model = build(target='dense', normalise='none')
    pixels = torch.rand(2, 3, 8, 32, 32)
    normalised = model.data_preprocessor.normalise(pixels * 255)
    encoder_mask = masks()[0]
    output = model.reconstruct(normalised, encoder_mask)
    torch.testing.assert_close(output.target, patchify(pixels, 4, 8, output.token_ids))
    skipped = normalised.clone()
    skipped[:, :, 1::2] = 0
    assert torch.equal(model.reconstruct(skipped, encoder_mask).pred, output.pred)


def test_centre_target_is_one_frame_of_its_masked_places() -> None:
    model = build(target='centre', normalise='none')
    pixels = torch.rand(2, 3, 4, 32, 32)
    encoder_mask = masks()[0]
    output = model.reconstruct(model.data_preprocessor.normalise(pixels * 255), encoder_mask)
    centre = encoder_mask[:, 16:]
    assert torch.equal(output.token_ids, torch.stack([m.nonzero()[:, 0] for m in centre]) + 16)
    expected = patchify(pixels[:, :, 2:3], 1, 8, output.token_ids - 16)
    torch.testing.assert_close(output.target, expected)


@pytest.mark.parametrize('target', ['clip', 'centre', 'dense'])
def test_one_clip_can_be_learnt_by_heart(target: str) -> None:
    model = build(target=target)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    encoder_mask, _ = masks(1, ratio=0.5)
    clip = clips(1, frames=8 if target == 'dense' else 4)
    losses = []
    for _ in range(150):
        loss = model(clip, encoder_mask, mode='loss')['loss']
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_keeps_targets_and_loss_in_float32(dtype: torch.dtype) -> None:
    model, encoder_mask = build(), masks()[0]
    plain = model.reconstruct(clips(), encoder_mask)
    with torch.autocast('cpu', dtype=dtype):
        cast = model.reconstruct(clips(), encoder_mask)
    assert cast.pred.dtype == dtype
    assert torch.equal(cast.target, plain.target)
    assert cast.loss.dtype == torch.float32
    assert cast.loss.item() == pytest.approx(plain.loss.item(), rel=0.02)
    cast.loss.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_modes() -> None:
    model, (encoder_mask, decoder_mask) = build(), masks()
    assert set(model(clips(), encoder_mask, decoder_mask, mode='loss')) == {'loss'}
    assert model(clips(), encoder_mask, mode='tensor').shape == (2, 8, 32)
    assert model(clips(), mode='tensor').shape == (2, 32, 32)
    predicted = model(clips(), encoder_mask, decoder_mask, mode='predict')
    assert torch.equal(predicted.pred, model.reconstruct(clips(), encoder_mask, decoder_mask).pred)
    with pytest.raises(ValueError, match='needs an encoder_mask'):
        model(clips(), mode='loss')
    with pytest.raises(ValueError, match="'losses'"):
        model(clips(), encoder_mask, mode='losses')


def test_masks_that_do_not_fit_the_clip_are_refused() -> None:
    with pytest.raises(ValueError, match=r'encoder_mask of shape \(2, 31\)'):
        build().reconstruct(clips(), masks()[0][:, 1:])


def with_ids(mask: torch.Tensor, decoder_mask: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """Masks and token ids, as data workers make them."""
    asked = mask if decoder_mask is None else ~decoder_mask
    ids = (torch.stack([row.nonzero()[:, 0] for row in rows]) for rows in (~mask, asked))
    batch = dict(zip(('visible_ids', 'query_ids'), ids, strict=True), encoder_mask=mask)
    return batch if decoder_mask is None else {**batch, 'decoder_mask': decoder_mask}


@pytest.mark.parametrize('target', ['clip', 'centre', 'dense'])
@pytest.mark.parametrize('dual', [False, True])
def test_token_ids_of_the_data_workers_give_what_the_masks_give(target: str, dual: bool) -> None:
    model, (mask, decoder_mask) = build(target=target), masks()
    batch = with_ids(mask, decoder_mask if dual else None)
    clip = clips(frames=8 if target == 'dense' else 4)
    expected = model.reconstruct(clip, mask, batch.get('decoder_mask'))
    for found, wanted in zip(model(clip, **batch, mode='predict')[:3], expected, strict=False):
        assert torch.equal(found, wanted)
    assert torch.equal(model(clip, **batch, mode='loss')['loss'], expected.loss)


class LearnedMasker(nn.Module):
    """Hides the 24 of 32 tokens with the highest noisy scores; learns to hide hard ones."""

    def __init__(self) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(32))

    def forward(self, clips: torch.Tensor, grid: tuple[int, int, int]) -> tuple[Any, ...]:
        noisy = self.scores - torch.rand(len(clips), 32).log().neg().log()
        order = noisy.argsort(1)
        visible, hidden = order[:, :8].sort(1)[0], order[:, 8:].sort(1)[0]

        def losses(pred: torch.Tensor, target: torch.Tensor) -> dict[str, torch.Tensor]:
            error = (pred - target).square().mean(2).detach()
            gain = self.scores.log_softmax(0)[hidden] * (error - error.mean())
            return {'loss_masker': -gain.mean()}

        return visible, hidden, losses


def test_a_masker_inside_the_pretrainer_learns_to_hide_what_is_hard() -> None:
    model = build()
    model.masker = LearnedMasker()
    clip = torch.zeros(8, 3, 4, 32, 32)
    clip[:, :, :, :8] = clips(8)[:, :, :, :8]  # noise in the first row of patches
    optimizer = torch.optim.SGD(model.masker.parameters(), lr=1.0)
    for _ in range(100):
        losses = model(clip, mode='loss')
        assert set(losses) == {'loss', 'loss_masker'}
        losses['loss_masker'].backward()
        optimizer.step()
        optimizer.zero_grad()
    scores = model.masker.scores.detach().reshape(GRID)
    assert scores[:, 0].min() > scores[:, 1:].max()
    masked = model(clip, masks(8)[0], mode='predict')  # masks that are given come first
    assert masked.losses.keys() == {'loss'}


def test_a_head_that_does_not_fit_the_target_is_refused() -> None:
    config = tiny_videomae()
    config['target'] = 'dense'
    init_default_scope('mmvideomae')
    with pytest.raises(ValueError, match=r'768 values per token, .* predicts 384'):
        MODELS.build(config)


def test_parts_may_be_given_built() -> None:
    whole = build()
    again = VideoMAE(whole.backbone, whole.neck, whole.head)
    encoder_mask = masks()[0]
    first, second = (m.reconstruct(clips(), encoder_mask).loss for m in (whole, again))
    assert torch.equal(first, second)


def test_a_step_with_token_ids_is_one_graph_of_the_same_loss_and_gradients() -> None:
    """One graph: nothing waits for the device to count tokens."""
    model, batch = build(), with_ids(*masks())
    compiled = torch.compile(model.forward, backend='aot_eager', fullgraph=True)
    gradients = []
    for forward in (model.forward, compiled):
        loss = forward(clips(), **batch, mode='loss')['loss']
        model.zero_grad()
        loss.backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    for first, second in zip(*gradients, strict=True):
        torch.testing.assert_close(first, second, atol=1e-6, rtol=1e-5)
