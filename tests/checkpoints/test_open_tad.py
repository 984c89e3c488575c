"""Protects OpenTAD's files: every key is used, and they are written back as they were."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import load_checkpoint
from torch import Tensor, nn

from mmvideomae.checkpoints import CheckpointError, detect, fit, load, save_weights
from mmvideomae.ops.positions import sinusoid_table
from mmvideomae.registry import MODELS
from tests.checkpoints.test_action_former import config as detector_config

Shapes = dict[str, tuple[int, ...]]
VIT, WIDTH, CLASSES, DEPTH, PATCH = 32, 16, 3, 2, 16
kinds = pytest.mark.parametrize('kind', ['ActionFormer', 'TriDet', 'DyFADet'])


def both(name: str, *shape: int, bias: int | None = None) -> Shapes:
    """A layer's weight and bias."""
    return {f'{name}.weight': shape, f'{name}.bias': (shape[0] if bias is None else bias,)}


def encoder_shapes() -> Shapes:
    """Names and shapes of a VideoMAE with adapters, as OpenTAD stores it."""
    start, hidden = 'backbone.model.backbone', VIT // 4
    shapes: Shapes = both(f'{start}.patch_embed.projection', VIT, 3, 2, PATCH, PATCH)
    shapes[f'{start}.pos_embed'] = (1, 8 * 14 * 14, VIT)
    for number in range(DEPTH):
        block = f'{start}.blocks.{number}'
        shapes |= both(f'{block}.norm1', VIT) | both(f'{block}.norm2', VIT)
        shapes |= {f'{block}.attn.{part}_bias': (VIT,) for part in 'qv'}
        shapes[f'{block}.attn.qkv.weight'] = (3 * VIT, VIT)
        shapes |= both(f'{block}.attn.proj', VIT, VIT)
        shapes |= both(f'{block}.mlp.layers.0.0', 4 * VIT, VIT)
        shapes |= both(f'{block}.mlp.layers.1', VIT, 4 * VIT)
        shapes[f'{block}.adapter.gamma'] = (1,)
        shapes |= both(f'{block}.adapter.dwconv', hidden, 1, 3)
        shapes |= both(f'{block}.adapter.conv', hidden, hidden, 1)
        shapes |= both(f'{block}.adapter.down_proj', hidden, VIT)
        shapes |= both(f'{block}.adapter.up_proj', VIT, hidden)
    return shapes | both(f'{start}.fc_norm', VIT)


def conv(name: str, out: int, wide: int, size: int = 3) -> Shapes:
    return {f'{name}.weight': (out, wide, size)}


def plain_tower(name: str) -> Shapes:
    """Two hidden convolutions of a head."""
    shapes: Shapes = {}
    for number in range(2):
        shapes |= conv(f'rpn_head.{name}_convs.{number}.conv', WIDTH, WIDTH)
        shapes |= both(f'rpn_head.{name}_convs.{number}.norm', WIDTH)
    return shapes


def dynamic_tower(name: str) -> Shapes:
    """Two hidden layers of a head of DyFADet."""
    shapes: Shapes = {}
    for start in (f'rpn_head.{name}_convs.{number}' for number in range(2)):
        shapes |= {f'{start}.scale_weight': (1,), f'{start}.output_weight': (1,)}
        modules = ('depth_module', 'dynamic_convs.0', 'dynamic_convs.1')
        for module in (f'{start}.{part}' for part in modules):
            shapes |= conv(f'{module}.shift_conv', 3 * WIDTH, 1)
            shapes |= both(f'{module}.conv', WIDTH, 3 * WIDTH, 1) | both(f'{module}.norm', WIDTH)
            if 'dynamic' in module:
                shapes |= both(f'{module}.kernel_conv.gate_conv', WIDTH, 1, 3)
            else:
                shapes |= both(f'{module}.kernel_conv.conv', WIDTH, 3 * WIDTH, 3)
                shapes |= both(f'{module}.kernel_conv.norm', WIDTH)
                shapes |= both(f'{module}.kernel_conv.gate.gate_conv', 1, 3 * WIDTH, 3)
    return shapes


def former_block(start: str) -> Shapes:
    shapes = both(f'{start}.ln1', WIDTH) | both(f'{start}.ln2', WIDTH)
    for part in ('query', 'key', 'value'):
        shapes |= conv(f'{start}.attn.{part}_conv.conv', WIDTH, 1)
        shapes |= both(f'{start}.attn.{part}_norm', WIDTH)
    for part in ('query', 'key', 'value', 'proj'):
        shapes |= both(f'{start}.attn.{part}', WIDTH, WIDTH, 1)
    shapes |= both(f'{start}.mlp.0', 4 * WIDTH, WIDTH, 1)
    shapes |= both(f'{start}.mlp.3', WIDTH, 4 * WIDTH, 1)
    return shapes | {f'{start}.drop_path_{part}.scale': (1, WIDTH, 1) for part in ('attn', 'mlp')}


def convolutional_block(start: str) -> Shapes:
    """Of TriDet and DyFADet."""
    shapes = both(f'{start}.ln', WIDTH) | both(f'{start}.gn', WIDTH)
    for part in ('psi', 'convw', 'fc', 'global_fc'):
        shapes |= both(f'{start}.{part}', WIDTH, 1, 1)
    shapes |= both(f'{start}.convkw', WIDTH, 1, 11)
    shapes |= both(f'{start}.mlp.0', 24, WIDTH, 1) | both(f'{start}.mlp.2', WIDTH, 24, 1)
    if 'branch' in start:
        shapes |= {f'{start}.drop_path_{part}.scale': (1, WIDTH, 1) for part in ('out', 'mlp')}
    return shapes


def detector_shapes(in_channels: int = VIT, kind: str = 'ActionFormer') -> Shapes:
    """Names and shapes of a detector there."""
    shapes: Shapes = {'rpn_head.loss_normalizer': ()}
    for number, width in enumerate((in_channels, WIDTH)):
        shapes |= conv(f'projection.embed.{number}.conv', WIDTH, width)
        shapes |= both(f'projection.embed.{number}.norm', WIDTH)
    block = former_block if kind == 'ActionFormer' else convolutional_block
    tower = dynamic_tower if kind == 'DyFADet' else plain_tower
    for name in ('stem.0', 'stem.1', *(f'branch.{number}' for number in range(5))):
        shapes |= block(f'projection.{name}')
    shapes |= tower('cls') | tower('reg')
    for level in range(6):
        shapes |= both(f'neck.fpn_norms.{level}', WIDTH)
        shapes[f'rpn_head.scale.{level}.scale'] = ()
    if kind == 'TriDet':
        for side in ('start', 'end'):
            shapes |= plain_tower(f'cls_{side}')
            shapes |= both(f'rpn_head.cls_{side}_head', CLASSES, WIDTH, 3)
    shapes |= both('rpn_head.cls_head', CLASSES, WIDTH, 3)
    return shapes | both('rpn_head.reg_head', 2 * 17 if kind == 'TriDet' else 2, WIDTH, 3)


def detector_of(kind: str, in_channels: int = VIT) -> dict[str, Any]:
    """Config of our detector of the same sizes."""
    config = detector_config(in_channels, WIDTH, CLASSES, heads=2)
    if kind == 'ActionFormer':
        config['backbone']['windows'] = 1
        return config
    config['backbone'] |= {'type': f'{kind}Backbone', 'hidden_channels': 24}
    del config['backbone']['num_heads']
    if kind == 'TriDet':
        config['reg_head'] |= {'type': 'TridentRegHead', 'num_classes': CLASSES}
        return {**config, 'loss': {'type': 'TridentLoss'}}
    for head in ('cls_head', 'reg_head'):
        config[head]['type'] = config[head]['type'].replace('ActionFormer', kind)
    return config


def released(shapes: Shapes, path: Path) -> dict[str, Tensor]:
    """Write such a file; the weights of its moving average, without their prefix."""
    generator = torch.Generator().manual_seed(0)
    ema = {key: torch.randn(shape, generator=generator) / 4 for key, shape in shapes.items()}
    for key, shape in shapes.items():
        if key.endswith('pos_embed'):
            ema[key] = sinusoid_table(*shape[1:])[None].clone()
        if key.endswith('shift_conv.weight'):
            taps = [[float(row % 3 == tap) for tap in range(3)] for row in range(shape[0])]
            ema[key] = torch.tensor(taps)[:, None]
    prefixed = {f'module.{key}': value for key, value in ema.items()}
    last = {key: torch.zeros_like(value) for key, value in prefixed.items()}
    torch.save({'epoch': 59, 'state_dict': last, 'state_dict_ema': prefixed}, path)
    return ema


def localizer(kind: str = 'ActionFormer') -> nn.Module:
    init_default_scope('mmvideomae')
    vit = {
        'type': 'VideoMAEViT', 'arch': {'embed_dims': VIT, 'depth': DEPTH, 'num_heads': 2},
        'patch_size': PATCH, 'out_type': 'avg', 'peft': {'type': 'TIA'},
    }  # fmt: skip
    return MODELS.build(
        {'type': 'EndToEndLocalizer', 'backbone': vit, 'detector': detector_of(kind)}
    )


def test_every_key_of_an_end_to_end_detector_is_used(tmp_path: Path) -> None:
    theirs = released(encoder_shapes() | detector_shapes(), tmp_path / 'best.pth')
    done = load(tmp_path / 'best.pth')
    assert done.format == 'opentad'
    assert [item.key for item in done.dropped] == ['backbone.pos_embed']
    model = localizer()
    fitted = fit(done.state_dict, model, 'the file', training=False)
    model.load_state_dict(fitted.state_dict, strict=True)
    state = model.state_dict()
    assert len(theirs) == len(state) + 1 and detect(state) == 'ours'
    one = theirs['backbone.model.backbone.blocks.1.adapter.dwconv.weight']
    assert torch.equal(state['backbone.blocks.1.adapter.depthwise.weight'], one)
    norm = theirs['projection.branch.4.attn.key_norm.bias']
    assert torch.equal(state['detector.backbone.branch.4.attn.key_norm.bias'][0, :, 0], norm)
    assert torch.equal(state['detector.loss.normaliser'], theirs['rpn_head.loss_normalizer'])


@kinds
@pytest.mark.parametrize('encoder', [True, False])
def test_files_are_written_back_as_they_were(tmp_path: Path, encoder: bool, kind: str) -> None:
    shapes = (encoder_shapes() if encoder else {}) | detector_shapes(kind=kind)
    theirs = released(shapes, tmp_path / 'best.pth')
    save_weights(load(tmp_path / 'best.pth').state_dict, tmp_path / 'back.pth', 'opentad')
    content = torch.load(tmp_path / 'back.pth', weights_only=True)
    for entry in ('state_dict', 'state_dict_ema'):
        assert content[entry].keys() == {f'module.{key}' for key in theirs}
        for key, value in theirs.items():
            assert torch.equal(content[entry][f'module.{key}'], value), key


@kinds
def test_a_detector_of_features_has_our_names(tmp_path: Path, kind: str) -> None:
    theirs = released(detector_shapes(5, kind), tmp_path / 'best.pth')
    init_default_scope('mmvideomae')
    model = MODELS.build(detector_of(kind, 5))
    load_checkpoint(model, str(tmp_path / 'best.pth'), map_location='cpu', strict=True)
    state = model.state_dict()
    assert detect(state) == 'ours'
    left = [item.key for item in load(tmp_path / 'best.pth').dropped]
    assert all(key.endswith('.shift_conv.weight') for key in left)
    assert len(theirs) == len(state) + len(left)


def test_the_layers_of_a_head_are_found_at_their_places(tmp_path: Path) -> None:
    theirs = released(detector_shapes(kind='DyFADet'), tmp_path / 'dynamic.pth')
    ours = load(tmp_path / 'dynamic.pth').state_dict
    start = 'rpn_head.reg_convs.1.depth_module.kernel_conv'
    mine = 'reg_head.head.1.depth_module.kernel_conv'
    assert torch.equal(ours[f'{mine}.convs.0.weight'], theirs[f'{start}.conv.weight'])
    assert torch.equal(ours[f'{mine}.convs.1.bias'][0, :, 0], theirs[f'{start}.norm.bias'])
    assert torch.equal(ours[f'{mine}.gate.gate_conv.bias'], theirs[f'{start}.gate.gate_conv.bias'])
    theirs = released(detector_shapes(kind='TriDet'), tmp_path / 'trident.pth')
    ours = load(tmp_path / 'trident.pth').state_dict
    one = ours['reg_head.end.cls_head.conv.weight']
    assert torch.equal(one, theirs['rpn_head.cls_end_head.weight'])
    one = ours['reg_head.start.norm.1.weight'][0, :, 0]
    assert torch.equal(one, theirs['rpn_head.cls_start_convs.1.norm.weight'])
    assert torch.equal(ours['backbone.stem.1.gn.bias'], theirs['projection.stem.1.gn.bias'])


@pytest.mark.parametrize('kind', ['TriDet', 'DyFADet'])
def test_an_end_to_end_model_takes_these_detectors_too(tmp_path: Path, kind: str) -> None:
    released(encoder_shapes() | detector_shapes(kind=kind), tmp_path / 'best.pth')
    model = localizer(kind)
    fitted = fit(load(tmp_path / 'best.pth').state_dict, model, 'the file', training=False)
    model.load_state_dict(fitted.state_dict, strict=True)


def test_shifts_that_were_changed_are_refused(tmp_path: Path) -> None:
    released(detector_shapes(kind='DyFADet'), tmp_path / 'best.pth')
    content = torch.load(tmp_path / 'best.pth', weights_only=True)
    content['state_dict_ema']['module.rpn_head.cls_convs.0.depth_module.shift_conv.weight'] += 1
    torch.save(content, tmp_path / 'best.pth')
    with pytest.raises(CheckpointError, match=r'shift_conv\.weight does not shift by whole steps'):
        load(tmp_path / 'best.pth')


def test_training_starts_from_a_classifier_and_from_a_detector_of_other_classes(zoo: Any) -> None:
    model = localizer()
    weights = zoo.classifier(patch_size=PATCH, img_size=224, num_frames=16).state_dict()
    fitted = fit(weights, model, 'the file', training=True)
    assert any(note.startswith('cls_head: dropped') for note in fitted.notes)
    assert not model.load_state_dict(fitted.state_dict, strict=False).unexpected_keys
    theirs = {**localizer().state_dict()}
    for leaf in ('weight', 'bias'):
        key = f'detector.cls_head.cls_head.conv.{leaf}'
        theirs[key] = torch.cat([theirs[key]] * 2)
    fitted = fit(theirs, model, 'the file', training=True)
    assert any(note.startswith('detector.cls_head: dropped') for note in fitted.notes)
    assert 'detector.reg_head.offset_head.conv.weight' in fitted.state_dict
    with pytest.raises(CheckpointError, match=r'detector\.cls_head\.cls_head\.conv\.weight is'):
        fit(theirs, model, 'the file', training=False)


def test_what_is_unknown_or_missing_is_named(tmp_path: Path) -> None:
    shapes = encoder_shapes() | detector_shapes()
    released({**shapes, 'rpn_head.start_head.weight': (3,)}, tmp_path / 'more.pth')
    with pytest.raises(CheckpointError, match=r'OpenTAD: cannot map rpn_head\.start_head\.weight'):
        load(tmp_path / 'more.pth')
    del shapes['neck.fpn_norms.5.bias']
    released(shapes, tmp_path / 'fewer.pth')
    with pytest.raises(CheckpointError, match=r'detector\.neck\.fpn_norms\.5\.bias missing'):
        load(tmp_path / 'fewer.pth')
    classifier = {'backbone.patch_embed.proj.weight': torch.ones(VIT, 3, 2, PATCH, PATCH),
                  'backbone.patch_embed.proj.bias': torch.ones(VIT)}  # fmt: skip
    with pytest.raises(CheckpointError, match='OpenTAD needs a temporal detector'):
        save_weights(classifier, tmp_path / 'none.pth', 'opentad')
