"""Contract: MoCo v3's loss, gradients and moving average are those of a restatement."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from mmvideomae.models import MoCoV3
from mmvideomae.registry import MODELS
from tests.support.models import tiny_vit
from tests.support.processes import in_processes
from tests.support.weights import randomise


def tiny_moco(**options: Any) -> dict[str, Any]:
    mlp = {'type': 'NormalizedMLP', 'hidden_dims': 24, 'out_dims': 12}
    return {
        'type': 'MoCoV3',
        'backbone': {**tiny_vit(), 'out_type': 'avg'},
        'projector': mlp,
        'predictor': {**mlp, 'num_layers': 2},
        'momentum': {'start': 0.5},
        **options,
    }


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


def build(**options: Any) -> MoCoV3:
    torch.manual_seed(0)
    model = MODELS.build(tiny_moco(**options)).double()
    randomise(model, 1)
    model.begin_training()
    randomise(model.average, 2)  # so that keys are not those of the queries' network
    return model


def clips(count: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(count, 3, 4, 32, 32, generator=generator, dtype=torch.float64)


def through(layers: Any, x: Tensor) -> Tensor:
    """The layers of an MLP in training, one by one."""
    for layer in layers:
        if isinstance(layer, torch.nn.Linear):
            x = x @ layer.weight.T
        elif isinstance(layer, torch.nn.ReLU):
            x = x.clamp(min=0)
        else:
            x = (x - x.mean(0)) / (x.var(0, correction=0) + layer.eps).sqrt()
            if layer.affine:
                x = x * layer.weight + layer.bias
    return x


def restated(model: MoCoV3, inputs: Tensor) -> Tensor:
    views = inputs[0::2], inputs[1::2]
    encoder, projector = model.average
    total = torch.zeros((), dtype=inputs.dtype)
    for ask, answer in ((0, 1), (1, 0)):
        q = through(model.projector.layers, model.backbone(views[ask]))
        q = through(model.predictor.layers, q)
        with torch.no_grad():
            k = through(projector.layers, encoder(views[answer]))
        for i, query in enumerate(q):
            similar = torch.stack(
                [query @ key / query.norm() / key.norm() / model.temperature for key in k]
            )
            total = total + (similar.exp().sum().log() - similar[i]) / len(q)
    return 2 * model.temperature * total


def gradients(model: MoCoV3, loss: Tensor) -> dict[str, Tensor]:
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    return dict(zip(trained, torch.autograd.grad(loss, list(trained.values())), strict=True))


def test_loss_and_gradients_equal_a_restatement() -> None:
    model, inputs = build(), clips()
    expected = restated(model, inputs)
    found = model(inputs, mode='loss')['loss']
    torch.testing.assert_close(found, expected)
    theirs, ours = gradients(model, restated(model, inputs)), gradients(model, found)
    for name, grad in ours.items():
        torch.testing.assert_close(grad, theirs[name], msg=name)
    assert not any(name.startswith(('average', 'backbone.patch_embed')) for name in ours)
    free = build(freeze_patch_embed=False)
    assert free.backbone.patch_embed.proj.weight.requires_grad
    assert torch.equal(model(inputs), model.backbone(inputs))


def test_equal_features_give_the_loss_of_guessing() -> None:
    model = build()
    found = model(clips(2).repeat(4, 1, 1, 1, 1)[:8] * 0, mode='loss')['loss']
    expected = 2 * model.temperature * 2 * math.log(4)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


def test_two_processes_equal_one_with_the_videos_of_both(tmp_path: Path) -> None:
    def outcome(model: Any, inputs: Tensor) -> dict[str, Any]:
        loss = model(inputs, mode='loss')['loss']
        loss.backward()
        net = getattr(model, 'module', model)
        grads = {name: p.grad for name, p in net.named_parameters() if p.grad is not None}
        return {'loss': loss.detach(), 'grads': grads, 'buffers': dict(net.named_buffers())}

    def own_videos(rank: int) -> dict[str, Any]:
        return outcome(DistributedDataParallel(build()), clips()[4 * rank :][:4])

    expected, parts = outcome(build(), clips()), in_processes(2, own_videos, tmp_path)
    mean = (parts[0]['loss'] + parts[1]['loss']) / 2
    torch.testing.assert_close(mean, expected['loss'], rtol=0, atol=1e-10)
    for part in parts:
        for kind in ('grads', 'buffers'):
            assert part[kind].keys() == expected[kind].keys()
            for name, value in expected[kind].items():
                torch.testing.assert_close(part[kind][name], value, rtol=0, atol=1e-10, msg=name)


def test_the_average_begins_as_a_copy_and_follows_its_closed_form() -> None:
    model = MODELS.build(tiny_moco(momentum={'start': 0.5, 'end': 1.0, 'shape': 'cosine'}))
    model.init_weights()
    weight, average = model.projector.layers[0].weight, model.average[1].layers[0].weight
    model.begin_training()
    assert torch.equal(weight, average)
    expected = weight.detach().clone()
    for update in range(4):
        with torch.no_grad():
            weight.add_(1.0)
        model.after_update(update / 4)
        momentum = 1 - (1 - 0.5) * (1 + math.cos(math.pi * update / 4)) / 2
        expected = momentum * expected + (1 - momentum) * weight.detach()
        torch.testing.assert_close(average, expected)
    model.begin_training()  # as a resumed run does: it is not a copy any more
    torch.testing.assert_close(average, expected)


def test_wrong_settings_end_in_one_line() -> None:
    with pytest.raises(ValueError, match='temperature must be positive, got 0'):
        MODELS.build(tiny_moco(temperature=0))
    model = MODELS.build(tiny_moco())
    for inputs, told in (
        (clips(3), 'needs two views of each video, but there are 3 clips in all: set num_repeats'),
        (clips(4), r'nothing updates the moving average of MoCoV3: add default_hooks'),
    ):
        with pytest.raises(ValueError, match=told):
            model(inputs.float(), mode='loss')
    with pytest.raises(ValueError, match="unknown mode 'predict'"):
        model(clips(4).float(), mode='predict')
