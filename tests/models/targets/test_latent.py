"""Contract: latent targets are the features of a frozen or following teacher, and nothing else.

Losses and gradients equal those of a restatement that shares only the networks themselves.
"""

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from mmvideomae.models import MaskedPretrainer
from mmvideomae.ops.teachers import Momentum
from mmvideomae.registry import MODELS
from tests.support.latent import TEACHER_WIDTH, teacher_vit, tiny_latent
from tests.support.processes import in_processes
from tests.support.weights import randomise

MEAN, STD = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


def build(config: dict[str, Any], seed: int = 1) -> MaskedPretrainer:
    model = MODELS.build(config)
    randomise(model, seed)
    randomise(model.target.network, 7)
    return model.eval()


def clips(count: int = 2, frames: int = 4, size: int = 32) -> Tensor:
    return torch.randn(count, 3, frames, size, size, generator=torch.Generator().manual_seed(1))


def tubes(count: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(2)
    rows = [torch.randperm(16, generator=generator) < 12 for _ in range(count)]
    return torch.stack([row.repeat(2) for row in rows])


def ids(model: MaskedPretrainer, inputs: Tensor, token_ids: Tensor) -> Tensor:
    return model.target(inputs, token_ids, model.data_preprocessor.to_unit_range)


def layer_norm(tokens: Tensor) -> Tensor:
    mean = tokens.mean(-1, keepdim=True)
    variance = (tokens - mean).square().mean(-1, keepdim=True)
    return (tokens - mean) / (variance + 1e-6).sqrt()


def smooth_l1(error: Tensor) -> Tensor:
    return torch.where(error.abs() < 1, error.square() / 2, error.abs() - 0.5)


def restated_loss(model: MaskedPretrainer, inputs: Tensor, mask: Tensor, wanted: Tensor) -> Tensor:
    """The mean smooth L1 error at the hidden tokens, clip by clip; ``wanted`` (B, N, P)."""
    errors = []
    for clip, hidden, target in zip(inputs, mask, wanted, strict=True):
        seen, asked = ((hidden == value).nonzero().T for value in (False, True))
        tokens = model.backbone(clip[None], seen)
        pred = model.head.proj(model.neck(tokens, seen, asked, (2, 4, 4)))[0]
        errors.append(smooth_l1(pred - target[hidden]))
    return torch.stack(errors).mean()


def gradients(model: MaskedPretrainer, loss: Tensor) -> dict[str, Tensor]:
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss, list(trained.values()))
    return dict(zip(trained, found, strict=True))


def image_features(network: Any, inputs: Tensor) -> Tensor:
    """Every second frame through an image network, patch by patch in the order of tokens."""
    maps = [network(inputs[:, :, frame]) for frame in range(0, inputs.shape[2], 2)]
    rows = [m[:, :, y, x] for m in maps for y in range(4) for x in range(4)]
    return torch.stack(rows, 1)


TEACHERS = {
    'video': {'teacher': teacher_vit()},
    'average': {'momentum': 0.9, 'width': 32},
    'image': {'teacher': {'type': 'TinyImageNetwork'}, 'per_frame': True, 'frame_stride': 2},
}


@pytest.mark.parametrize('kind', TEACHERS)
def test_loss_and_gradients_equal_a_restatement(kind: str) -> None:
    model = build(tiny_latent(**TEACHERS[kind]))
    inputs, mask, network = clips(), tubes(), model.target.network
    with torch.no_grad():
        raw = image_features(network, inputs) if kind == 'image' else network(inputs)
    expected = restated_loss(model, inputs, mask, layer_norm(raw))
    found = model(inputs, mask, mode='loss')['loss']
    torch.testing.assert_close(found, expected)
    theirs = gradients(model, expected)
    for name, grad in gradients(model, found).items():
        torch.testing.assert_close(grad, theirs[name], msg=name)
    assert all(p.grad is None and not p.requires_grad for p in network.parameters())


def block_outputs(network: Any, inputs: Tensor) -> list[Tensor]:
    x, outputs = network.patch_embed(inputs) + network.pos_embed, []
    for block in network.blocks:
        x = block(x)
        outputs.append(x)
    return outputs


@pytest.mark.parametrize('normalise', ['none', 'layer', 'channel', 'l2'])
@pytest.mark.parametrize('average', [None, 'layer'])
@torch.no_grad()
def test_layers_are_normalised_and_put_together(normalise: str, average: str | None) -> None:
    target = {'layers': (1, -1), 'normalise': normalise, 'average': average}
    width = TEACHER_WIDTH * (1 if average else 2)
    model = build(tiny_latent(width=width, teacher=teacher_vit(), **target))
    inputs = clips()
    outputs = block_outputs(model.target.network, inputs)
    restated = {
        'none': lambda x: x,
        'layer': layer_norm,
        'channel': lambda x: layer_norm(x.transpose(1, 2)).transpose(1, 2),
        'l2': lambda x: x / x.square().sum(-1, keepdim=True).sqrt(),
    }[normalise]
    first, last = restated(outputs[0]), restated(outputs[2])
    whole = layer_norm((first + last) / 2) if average else torch.cat([first, last], 2)
    token_ids = torch.tensor([[0, 5, 31], [2, 3, 30]])
    expected = torch.stack([row[which] for row, which in zip(whole, token_ids, strict=True)])
    torch.testing.assert_close(ids(model, inputs, token_ids), expected)


@torch.no_grad()
def test_features_pass_through_further_modules_of_the_teacher() -> None:
    options = {'layers': (2,), 'through': ('norm', 'blocks.2.mlp.fc1'), 'normalise': 'none'}
    model = build(tiny_latent(width=4 * TEACHER_WIDTH, teacher=teacher_vit(), **options))
    network, inputs = model.target.network, clips()
    expected = network.blocks[2].mlp.fc1(network.norm(block_outputs(network, inputs)[1]))
    every = torch.arange(32).expand(2, -1)
    torch.testing.assert_close(ids(model, inputs, every), expected)


@torch.no_grad()
def test_the_teacher_has_its_own_frames_size_and_normalisation() -> None:
    vit = teacher_vit(img_size=64, patch_size=16, num_frames=2, tubelet_size=1)
    own = {'frame_stride': 2, 'size': 64, 'mean': (127.5,) * 3, 'std': (127.5,) * 3}
    model = build(tiny_latent(teacher=vit, normalise='none', **own))
    colours = torch.tensor([[0, 128, 255], [20, 40, 60.0]])  # flat frames are flat at any size
    pixels = colours[:, :, None, None, None].expand(2, 3, 4, 32, 32)
    shift, scale = MEAN[:, None, None, None], STD[:, None, None, None]
    large = (colours / 127.5 - 1)[:, :, None, None, None].expand(2, 3, 2, 64, 64)
    every = torch.arange(32).expand(2, -1)
    found = ids(model, (pixels - shift) / scale, every)
    torch.testing.assert_close(found, model.target.network(large), rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_a_student_sees_every_second_frame_of_its_teacher() -> None:
    vit = teacher_vit(num_frames=8, tubelet_size=4)
    model = build(tiny_latent(teacher=vit, student_stride=2, normalise='none'))
    inputs, mask = clips(frames=8), tubes()
    output = model.reconstruct(inputs, mask)
    skipped = inputs.clone()
    skipped[:, :, 1::2] = 0
    assert torch.equal(model.reconstruct(skipped, mask).pred, output.pred)
    expected = model.target.network(inputs)
    torch.testing.assert_close(output.target, expected[mask].reshape(2, 24, -1))


@torch.no_grad()
def test_a_teacher_may_see_some_tokens_only() -> None:
    model = build(tiny_latent(teacher=teacher_vit(), layers=(-1,), normalise='none'))
    inputs = clips()
    seen = torch.tensor([[1, 4, 9, 20], [0, 3, 17, 31]])
    asked = torch.tensor([[4, 20], [0, 31]])
    target = model.target(inputs, asked, model.data_preprocessor.to_unit_range, seen)
    kept: list[Tensor] = []
    model.target.network.blocks[-1].register_forward_hook(lambda *args: kept.append(args[2]))
    model.target.network(inputs, seen)
    expected = torch.stack([kept[0][0, [1, 3]], kept[0][1, [0, 3]]])
    torch.testing.assert_close(target, expected)


@pytest.mark.parametrize('shape', ['linear', 'cosine'])
def test_the_moving_average_equals_its_closed_form(shape: str) -> None:
    momentum = {'start': 0.5, 'end': 0.9, 'shape': shape, 'ramp': 0.75}
    model = build(tiny_latent(width=32, momentum=momentum)).double()
    model.begin_training()
    weight = model.backbone.blocks[0].mlp.fc1.weight
    values, momenta = [weight.detach().clone()], []
    for update in range(8):
        with torch.no_grad():
            weight.add_(torch.randn(weight.shape, dtype=weight.dtype))
        model.after_update(update / 8)
        values.append(weight.detach().clone())
        share = min(update / 8 / 0.75, 1)
        share = share if shape == 'linear' else math.sin(math.pi * share / 2) ** 2
        momenta.append(0.5 + 0.4 * share)
    # Each value decays by the momenta of all later updates; the first weighs what is left.
    expected = math.prod(momenta) * values[0]
    for update, value in enumerate(values[1:]):
        expected = expected + (1 - momenta[update]) * math.prod(momenta[update + 1 :]) * value
    average = model.target.teacher.blocks[0].mlp.fc1.weight
    torch.testing.assert_close(average, expected, rtol=1e-12, atol=1e-12)
    assert torch.equal(model.target.teacher.norm.weight, model.backbone.norm.weight)


def test_a_constant_momentum_is_one_number() -> None:
    assert {Momentum(0.99925)(progress) for progress in (0, 0.3, 1)} == {0.99925}


@pytest.mark.parametrize('kind', TEACHERS)
def test_only_the_student_is_trained(kind: str) -> None:
    model = build(tiny_latent(**TEACHERS[kind]))
    model.begin_training()
    before = copy.deepcopy(model.target.network.state_dict())
    model.train()
    assert not model.target.network.training
    model(clips(), tubes(), mode='loss')['loss'].backward()
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert not any(name.startswith('target.') for name in trained)
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    after = model.target.network.state_dict()
    assert all(torch.equal(value, before[key]) for key, value in after.items())


def test_a_frozen_teacher_is_in_no_checkpoint_and_not_built_in_vain() -> None:
    plain = MODELS.build(tiny_latent(teacher=teacher_vit()))
    assert plain.target._frozen.module is None
    assert not any(key.startswith('target') for key in plain.state_dict())
    plain(clips())
    assert plain.target._frozen.module is None
    network = plain.target.network
    assert copy.deepcopy(plain).target.network is network
    plain.double()
    assert next(network.parameters()).dtype == torch.float64


def test_weights_of_a_frozen_teacher_come_from_its_file(tmp_path: Path) -> None:
    encoder = MODELS.build(teacher_vit())
    randomise(encoder, 5)
    weights = {f'backbone.{key}': value for key, value in encoder.state_dict().items()}
    path = str(tmp_path / 'pixels.pth')
    torch.save({'state_dict': {**weights, 'head.proj.bias': torch.zeros(4)}}, path)
    teacher = teacher_vit(init_cfg={'type': 'Pretrained', 'checkpoint': path})
    model = MODELS.build(tiny_latent(teacher=teacher))
    model.init_weights()
    found = model.target.network.state_dict()
    assert all(torch.equal(value, found[key]) for key, value in encoder.state_dict().items())
    digest = model.target.teacher_fingerprint
    with torch.no_grad():
        next(model.target.network.parameters()).view(-1)[0] += 1
    assert model.target.teacher_fingerprint != digest


def test_the_teacher_runs_in_the_precision_of_training() -> None:
    model = build(tiny_latent(teacher=teacher_vit()))
    kinds = []
    model.target.network.blocks[0].register_forward_hook(lambda *args: kinds.append(args[2].dtype))
    full = model.reconstruct(clips(), tubes())
    with torch.autocast('cpu', torch.bfloat16):
        mixed = model.reconstruct(clips(), tubes())
    assert kinds == [torch.float32, torch.bfloat16]
    assert mixed.target.dtype == mixed.loss.dtype == torch.float32
    torch.testing.assert_close(mixed.target, full.target, rtol=0, atol=0.1)


@pytest.mark.parametrize(
    ('options', 'told'),
    [
        ({}, 'needs either a teacher or a momentum'),
        ({'teacher': teacher_vit(), 'momentum': 0.9}, 'needs either a teacher or a momentum'),
        ({'momentum': 1.5}, 'must lie in'),
        ({'momentum': {'start': 0.9, 'shape': 'step'}}, "unknown shape 'step'"),
        ({'momentum': 0.9, 'normalise': 'batch'}, "unknown normalisation 'batch'"),
        ({'teacher': teacher_vit(), 'mean': (0, 0, 0)}, 'belong together'),
        ({'momentum': 0.9, 'width': 24}, 'has 32 values per token, but .* predicts 24'),
    ],
)
def test_refuses_settings_in_one_line(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        build(tiny_latent(**options))
    assert '\n' not in str(caught.value)


def test_refuses_what_cannot_be_computed() -> None:
    model = build(tiny_latent(teacher=teacher_vit(tubelet_size=4)))
    with pytest.raises(ValueError, match='has 16 tokens for each clip, but the student 32'):
        model(clips(), tubes(), mode='loss')
    model = build(tiny_latent(teacher=teacher_vit(), layers=(4,)))
    with pytest.raises(ValueError, match='no layer 4 among 3 blocks'):
        model(clips(), tubes(), mode='loss')
    model = build(tiny_latent(momentum=0.9, width=32)).train()
    with pytest.raises(ValueError, match=r'add .*TeacherHook'):
        model(clips(), tubes(), mode='loss')


@pytest.mark.parametrize('kind', ['video', 'average'])
def test_two_processes_train_as_one_with_their_clips(kind: str, tmp_path: Path) -> None:
    def trained(model: Any, part: slice) -> dict[str, Tensor]:
        inner = getattr(model, 'module', model)
        inner.begin_training()
        optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
        for update in range(3):
            optimizer.zero_grad()
            model(clips(4)[part], tubes(4)[part], mode='loss')['loss'].backward()
            optimizer.step()
            inner.after_update(update / 3)
        return inner.state_dict()

    config = tiny_latent(**TEACHERS[kind])

    def own_clips(rank: int) -> dict[str, Tensor]:
        model = DistributedDataParallel(build(config))
        return trained(model, slice(2 * rank, 2 * rank + 2))

    expected = trained(build(config), slice(None))
    for part in in_processes(2, own_clips, tmp_path):
        for key, value in expected.items():
            torch.testing.assert_close(part[key], value, rtol=1e-4, atol=1e-5, msg=key)
