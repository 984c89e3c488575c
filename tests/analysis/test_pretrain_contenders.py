"""Contenders train on the same clips and masks, and report the cost of one step."""

import pytest
import torch

from mmvideomae.analysis.choices import SHAPES
from mmvideomae.analysis.pretrain_contenders import (
    MASKED,
    build_pretrainer,
    make_batch,
    our_contenders,
    their_contenders,
)

CPU = torch.device('cpu')


@pytest.mark.parametrize('arch', ['small', 'base', 'large', 'huge', 'giant'])
def test_shapes_are_those_of_the_released_models(arch: str) -> None:
    shape = SHAPES[arch]
    with torch.device('meta'):
        model = build_pretrainer(arch, 16 * shape.patch_size, 16)
    assert model.backbone.embed_dims == shape.embed_dims
    assert model.head.proj.out_features == 2 * shape.patch_size**2 * 3


def test_a_step_trains_and_dual_masking_shares_its_model() -> None:
    torch.manual_seed(0)
    model = build_pretrainer('tiny', 64, 4)
    batch = make_batch(model, 2)
    assert batch.encoder_mask.sum(1).tolist() == [2 * int(MASKED * 16)] * 2
    assert batch.decoder_mask.sum(1).tolist() == [16, 16]
    dual, full = our_contenders({'dual', 'encoder-only'}, model, batch, CPU, 'fp32', False)
    assert dual.trainer is full.trainer
    before = full.forward().item()
    for _ in range(30):
        dual.time_step()
    assert full.forward().item() < before
    assert all(param.grad is None for param in model.parameters())


def test_memory_of_a_step_holds_weights_gradients_and_moments() -> None:
    model = build_pretrainer('tiny', 64, 4)
    contenders = our_contenders(
        {'dual', 'encoder-only'}, model, make_batch(model, 2), CPU, 'fp32', False
    )
    weights = sum(param.numel() * 4 for param in model.parameters())
    memories = []
    for contender in contenders:
        contender.time_step()
        memory = contender.measure_memory()
        # Weights, two moments and gradients are held at once, beside some activations.
        assert memory.peak > 4 * weights
        assert memory.saved <= 1.2 * memory.retained
        memories.append(memory)
    dual, full = memories
    assert dual.saved < full.saved
    assert dual.retained < full.retained


@pytest.mark.parametrize('attention', ['sdpa', 'eager'])
def test_hugging_face_starts_from_our_loss_with_the_attention_asked_for(attention: str) -> None:
    pytest.importorskip('transformers', minversion='5.0')
    torch.manual_seed(0)
    model = build_pretrainer('tiny', 64, 4)
    setting = (model, make_batch(model, 2), CPU, 'fp32', False)
    (ours,) = our_contenders({'encoder-only'}, *setting)
    (theirs,) = their_contenders({f'hf-{attention}'}, *setting)
    torch.testing.assert_close(ours.forward(), theirs.forward(), rtol=1e-5, atol=0)
    with torch.profiler.profile(acc_events=True) as profile:
        theirs.forward()
    kernels = {event.name for event in profile.events()}
    assert ('aten::scaled_dot_product_attention' in kernels) == (attention == 'sdpa')
