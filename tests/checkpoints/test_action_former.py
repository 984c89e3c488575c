"""Protects released weights of ActionFormer, TriDet and DyFADet: every key is used."""

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


def layer(name: str, *shape: int, norm: bool = False) -> Shapes:
    """A convolution with a bias, or a norm over channels."""
    if norm:
        return {f'{name}.{leaf}': (1, *shape, 1) for leaf in ('weight', 'bias')}
    return {f'{name}.weight': shape, f'{name}.bias': shape[:1]}


def shapes_of_others(kind: str, width: int = 16, classes: int = 3, hidden: int = 24) -> Shapes:
    """Names and shapes in a released file of TriDet or DyFADet."""
    shapes: Shapes = {f'reg_head.scale.{level}.scale': () for level in range(6)}
    for number, wide in enumerate((5, width)):
        shapes[f'backbone.embd.{number}.conv.weight'] = (width, wide, 3)
        shapes |= layer(f'backbone.embd_norm.{number}', width, norm=True)
    for level in range(6):
        shapes |= layer(f'neck.fpn_norms.{level}', width, norm=True)
    for block in ('stem.0', 'stem.1', *(f'branch.{number}' for number in range(5))):
        start = f'backbone.{block}'
        shapes |= layer(f'{start}.ln', width, norm=True) | layer(f'{start}.gn', width)
        shapes |= layer(f'{start}.convkw', width, 1, 11)
        for part in ('psi', 'convw', 'fc', 'global_fc'):
            shapes |= layer(f'{start}.{part}', width, 1, 1)
        shapes |= layer(f'{start}.mlp.0', hidden, width, 1)
        shapes |= layer(f'{start}.mlp.2', width, hidden, 1)
        if 'branch' in block:
            shapes |= {f'{start}.drop_path_{part}.scale': (1, width, 1) for part in ('out', 'mlp')}
    towers = ['cls_head', 'reg_head', *(('start_head', 'end_head') if kind == 'TriDet' else ())]
    for tower in towers:
        output = 'offset_head' if tower == 'reg_head' else 'cls_head'
        count = classes if tower != 'reg_head' else (2 if kind == 'DyFADet' else 34)
        shapes |= layer(f'{tower}.{output}.conv', count, width, 3)
        for number in range(2):
            if kind == 'DyFADet':
                shapes |= mixing(f'{tower}.head.{number}', width)
            else:
                shapes[f'{tower}.head.{number}.conv.weight'] = (width, width, 3)
                shapes |= layer(f'{tower}.norm.{number}', width, norm=True)
    return shapes


def mixing(start: str, width: int) -> Shapes:
    shapes = {f'{start}.scale_weight': (1,), f'{start}.output_weight': (1,)}
    shapes |= layer(f'{start}.norm', width, norm=True)  # never used there
    for module in ('depth_module', 'dynamic_convs.0', 'dynamic_convs.1'):
        inner = f'{start}.{module}'
        shapes[f'{inner}.shift_conv.weight'] = (3 * width, 1, 3)
        shapes |= layer(f'{inner}.conv', width, 3 * width, 1)
        shapes |= layer(f'{inner}.norm', width, norm=True)
        if module == 'depth_module':
            shapes |= layer(f'{inner}.kernel_conv.convs.0', width, 3 * width, 3)
            shapes |= layer(f'{inner}.kernel_conv.convs.1', width, norm=True)
            shapes |= layer(f'{inner}.kernel_conv.gate.gate_conv', 1, 3 * width, 3)
        else:
            shapes |= layer(f'{inner}.kernel_conv.gate_conv', width, 1, 3)
    return shapes


def other(kind: str, classes: int = 3) -> nn.Module:
    init_default_scope('mmvideomae')
    wanted = config(5, 16, classes)
    wanted['backbone'] |= {'type': f'{kind}Backbone', 'hidden_channels': 24}
    del wanted['backbone']['num_heads']
    if kind == 'TriDet':
        wanted['reg_head'] |= {'type': 'TridentRegHead', 'num_classes': classes}
        return MODELS.build({**wanted, 'loss': {'type': 'TridentLoss'}})
    for head in ('cls_head', 'reg_head'):
        wanted[head]['type'] = wanted[head]['type'].replace('ActionFormer', kind)
    return MODELS.build(wanted)


@pytest.mark.parametrize('kind', ['TriDet', 'DyFADet'])
def test_released_files_of_others_are_used_whole(tmp_path: Path, kind: str) -> None:
    ema = released_file(shapes_of_others(kind), tmp_path / 'file.pth')
    if kind == 'DyFADet':
        with pytest.raises(CheckpointError, match='does not shift by whole steps'):
            load(tmp_path / 'file.pth')
        content = torch.load(tmp_path / 'file.pth', weights_only=True)
        taps = torch.eye(3)[:, None].repeat(16, 1, 1)
        shifts = [key for key in content['state_dict_ema'] if key.endswith('shift_conv.weight')]
        content['state_dict_ema'] |= dict.fromkeys(shifts, taps)
        torch.save(content, tmp_path / 'file.pth')
    done, model = load(tmp_path / 'file.pth'), other(kind)
    fitted = fit(done.state_dict, model, 'the file', training=False)
    result = model.load_state_dict(fitted.state_dict, strict=False)
    assert result.unexpected_keys == [] and result.missing_keys == ['loss.normaliser']
    dropped = {item.key.removeprefix('module.') for item in done.dropped}
    assert {key.rpartition('.')[0].rpartition('.')[2] for key in dropped} == (
        {'shift_conv', 'norm'} if kind == 'DyFADet' else set()
    )
    assert len(dropped) == (2 * 2 * (3 + 2) if kind == 'DyFADet' else 0)
    state = model.state_dict()
    names = {key: key.replace('start_head', 'reg_head.start') for key in ema.keys() - dropped}
    names = {key: ours.replace('end_head', 'reg_head.end') for key, ours in names.items()}
    assert all(torch.equal(state[ours], ema[key]) for key, ours in names.items())


def test_a_tri_det_for_other_classes_starts_two_heads_anew(tmp_path: Path) -> None:
    released_file(shapes_of_others('TriDet', classes=4), tmp_path / 'file.pth')
    weights = load(tmp_path / 'file.pth').state_dict
    fitted = fit(weights, other('TriDet'), 'the file', training=True)
    assert {note.partition(':')[0] for note in fitted.notes} >= {'cls_head', 'reg_head'}
    assert not any(key.startswith(('cls_head.', 'reg_head.')) for key in fitted.state_dict)
    with pytest.raises(CheckpointError, match=r'\.conv\.weight is \(4, 16, 3\)'):
        fit(weights, other('TriDet'), 'the file', training=False)
