"""Protects released ActionFormer weights: every key is mapped, and outputs are the original's."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import load_checkpoint
from torch import Tensor, nn

from mmvideomae.checkpoints import CheckpointError, detect, fit, load
from mmvideomae.registry import MODELS
from tests.support.weights import randomise

Shapes = dict[str, tuple[int, ...]]


def config(in_channels: int, width: int, classes: int, heads: int = 4) -> dict[str, Any]:
    """The network of THUMOS14: two convolutions, two blocks, five strided blocks."""
    return {
        'type': 'ActionFormer',
        'backbone': {
            'type': 'ActionFormerBackbone',
            'in_channels': in_channels,
            'embed_dims': width,
            'num_heads': heads,
        },
        'neck': {'type': 'IdentityFPN', 'in_channels': width},
        'cls_head': {
            'type': 'ActionFormerClsHead',
            'num_classes': classes,
            'in_channels': width,
            'hidden_channels': width,
        },
        'reg_head': {'type': 'ActionFormerRegHead', 'in_channels': width, 'hidden_channels': width},
    }


def released_shapes(in_channels: int, width: int, classes: int) -> Shapes:
    """Names and shapes in a released file, as its documentation lists them."""
    vector = (1, width, 1)
    shapes: Shapes = {
        'backbone.embd.0.conv.weight': (width, in_channels, 3),
        'backbone.embd.1.conv.weight': (width, width, 3),
        'cls_head.cls_head.conv.weight': (classes, width, 3),
        'cls_head.cls_head.conv.bias': (classes,),
        'reg_head.offset_head.conv.weight': (2, width, 3),
        'reg_head.offset_head.conv.bias': (2,),
    }
    norms = ['backbone.embd_norm.0', 'backbone.embd_norm.1']
    norms += [f'neck.fpn_norms.{level}' for level in range(6)]
    for head in ('cls_head', 'reg_head'):
        norms += [f'{head}.norm.0', f'{head}.norm.1']
        shapes |= {f'{head}.head.{number}.conv.weight': (width, width, 3) for number in (0, 1)}
    shapes |= {f'reg_head.scale.{level}.scale': () for level in range(6)}
    blocks = ['stem.0', 'stem.1', *(f'branch.{number}' for number in range(5))]
    for block in [f'backbone.{name}' for name in blocks]:
        norms += [f'{block}.ln1', f'{block}.ln2']
        for part in ('query', 'key', 'value'):
            norms.append(f'{block}.attn.{part}_norm')
            shapes[f'{block}.attn.{part}_conv.conv.weight'] = (width, 1, 3)
        for part in ('query', 'key', 'value', 'proj'):
            shapes[f'{block}.attn.{part}.weight'] = (width, width, 1)
            shapes[f'{block}.attn.{part}.bias'] = (width,)
        shapes[f'{block}.mlp.0.weight'] = (4 * width, width, 1)
        shapes[f'{block}.mlp.0.bias'] = (4 * width,)
        shapes[f'{block}.mlp.3.weight'] = (width, 4 * width, 1)
        shapes[f'{block}.mlp.3.bias'] = (width,)
        shapes |= {f'{block}.drop_path_{part}.scale': vector for part in ('attn', 'mlp')}
    return shapes | {f'{norm}.{leaf}': vector for norm in norms for leaf in ('weight', 'bias')}


def released_file(shapes: Shapes, path: Path) -> dict[str, Tensor]:
    """Write such a file; the weights that it is evaluated with, without their prefix."""
    generator = torch.Generator().manual_seed(0)
    ema = {key: torch.randn(shape, generator=generator) / 4 for key, shape in shapes.items()}
    content = {
        'epoch': 35,
        'state_dict': {f'module.{key}': torch.zeros_like(value) for key, value in ema.items()},
        'state_dict_ema': {f'module.{key}': value for key, value in ema.items()},
        'scheduler': {'last_epoch': 7, 'base_lrs': [1e-4]},
        'optimizer': {'state': {0: {'step': torch.tensor(3.0)}}, 'param_groups': [{'lr': 1e-4}]},
    }
    torch.save(content, path)
    return ema


def tiny(classes: int = 3) -> nn.Module:
    init_default_scope('mmvideomae')
    model = MODELS.build(config(5, 8, classes, heads=2)).eval()
    randomise(model, seed=5)
    return model


def raw(model: nn.Module) -> list[Tensor]:
    x = torch.randn(1, 5, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        logits, distances, _ = model(x, torch.ones(1, 1, 64, dtype=torch.bool))
    return [*logits, *distances]


def test_the_published_network_has_229_tensors_and_29_million_parameters() -> None:
    init_default_scope('mmvideomae')
    with torch.device('meta'):
        model = MODELS.build(config(2048, 512, 20))
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    assert shapes.pop('loss.normaliser') == ()
    assert shapes == released_shapes(2048, 512, 20)
    assert len(shapes) == 229
    assert round(sum(param.numel() for param in model.parameters()) / 1e6, 2) == 29.25


@pytest.mark.parametrize('training', [False, True])
def test_every_released_weight_is_used_and_it_is_the_moving_average(
    tmp_path: Path, training: bool
) -> None:
    ema = released_file(released_shapes(5, 8, 3), tmp_path / 'epoch_035.pth.tar')
    done = load(tmp_path / 'epoch_035.pth.tar')
    assert (done.format, done.dropped) == ('actionformer', ())
    model = tiny()
    fitted = fit(done.state_dict, model, 'the file', training)
    result = model.load_state_dict(fitted.state_dict, strict=False)
    assert result.unexpected_keys == [] and result.missing_keys == ['loss.normaliser']
    state = model.state_dict()
    assert fitted.state_dict.keys() == ema.keys()
    assert all(torch.equal(state[key], value) for key, value in ema.items())
    assert detect(state) == 'ours'


def test_mmengine_loads_a_released_file(tmp_path: Path) -> None:
    released_file(released_shapes(5, 8, 3), tmp_path / 'epoch_035.pth.tar')
    ours, theirs = tiny(), tiny()
    before = raw(ours)
    load_checkpoint(ours, str(tmp_path / 'epoch_035.pth.tar'), map_location='cpu')
    theirs.load_state_dict(load(tmp_path / 'epoch_035.pth.tar').state_dict, strict=False)
    pairs = list(zip(raw(ours), raw(theirs), strict=True))
    assert all(torch.equal(one, other) for one, other in pairs)
    assert not any(torch.equal(one, other) for one, other in zip(before, raw(ours), strict=True))


def test_own_checkpoints_keep_the_normaliser(tmp_path: Path) -> None:
    model, other = tiny(), tiny()
    model.loss.normaliser.fill_(42)
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, tmp_path / 'ours.pth')
    load_checkpoint(other, str(tmp_path / 'ours.pth'), map_location='cpu', strict=True)
    assert other.loss.normaliser.item() == 42


def test_other_classes_start_a_new_head_in_training_and_are_refused_in_tests(
    tmp_path: Path,
) -> None:
    released_file(released_shapes(5, 8, 4), tmp_path / 'file.pth')
    weights = load(tmp_path / 'file.pth').state_dict
    fitted = fit(weights, tiny(3), 'the file', training=True)
    assert not any(key.startswith('cls_head.') for key in fitted.state_dict)
    assert any(note.startswith('cls_head: dropped') for note in fitted.notes)
    with pytest.raises(CheckpointError, match=r'cls_head\.cls_head\.conv\.weight is \(4, 8, 3\)'):
        fit(weights, tiny(3), 'the file', training=False)


def test_unknown_and_missing_weights_are_named(tmp_path: Path) -> None:
    shapes = released_shapes(5, 8, 3)
    released_file({**shapes, 'point_generator.buffer': (3,)}, tmp_path / 'more.pth')
    with pytest.raises(CheckpointError, match=r'ActionFormer: cannot map point_generator\.buffer'):
        load(tmp_path / 'more.pth')
    del shapes['neck.fpn_norms.5.bias']
    released_file(shapes, tmp_path / 'fewer.pth')
    with pytest.raises(CheckpointError, match=r'lacks neck\.fpn_norms\.5\.bias'):
        fit(load(tmp_path / 'fewer.pth').state_dict, tiny(), 'the file', training=False)
