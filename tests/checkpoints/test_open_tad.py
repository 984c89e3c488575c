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
VIT, WIDTH, CLASSES, DEPTH, PATCH = 32, 8, 3, 2, 16


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


def detector_shapes(in_channels: int = VIT) -> Shapes:
    """Names and shapes of ActionFormer there."""
    shapes: Shapes = {'rpn_head.loss_normalizer': ()}
    for number, width in enumerate((in_channels, WIDTH)):
        shapes[f'projection.embed.{number}.conv.weight'] = (WIDTH, width, 3)
        shapes |= both(f'projection.embed.{number}.norm', WIDTH)
        for part in ('cls', 'reg'):
            shapes[f'rpn_head.{part}_convs.{number}.conv.weight'] = (WIDTH, WIDTH, 3)
            shapes |= both(f'rpn_head.{part}_convs.{number}.norm', WIDTH)
    for block in ('stem.0', 'stem.1', *(f'branch.{number}' for number in range(5))):
        start = f'projection.{block}'
        shapes |= both(f'{start}.ln1', WIDTH) | both(f'{start}.ln2', WIDTH)
        for part in ('query', 'key', 'value'):
            shapes[f'{start}.attn.{part}_conv.conv.weight'] = (WIDTH, 1, 3)
            shapes |= both(f'{start}.attn.{part}_norm', WIDTH)
        for part in ('query', 'key', 'value', 'proj'):
            shapes |= both(f'{start}.attn.{part}', WIDTH, WIDTH, 1)
        shapes |= both(f'{start}.mlp.0', 4 * WIDTH, WIDTH, 1)
        shapes |= both(f'{start}.mlp.3', WIDTH, 4 * WIDTH, 1)
        shapes |= {f'{start}.drop_path_{part}.scale': (1, WIDTH, 1) for part in ('attn', 'mlp')}
    for level in range(6):
        shapes |= both(f'neck.fpn_norms.{level}', WIDTH)
        shapes[f'rpn_head.scale.{level}.scale'] = ()
    shapes |= both('rpn_head.cls_head', CLASSES, WIDTH, 3)
    return shapes | both('rpn_head.reg_head', 2, WIDTH, 3)


def released(shapes: Shapes, path: Path) -> dict[str, Tensor]:
    """Write such a file; the weights of its moving average, without their prefix."""
    generator = torch.Generator().manual_seed(0)
    ema = {key: torch.randn(shape, generator=generator) / 4 for key, shape in shapes.items()}
    for key in ema:
        if key.endswith('pos_embed'):
            ema[key] = sinusoid_table(*shapes[key][1:])[None].clone()
    prefixed = {f'module.{key}': value for key, value in ema.items()}
    last = {key: torch.zeros_like(value) for key, value in prefixed.items()}
    torch.save({'epoch': 59, 'state_dict': last, 'state_dict_ema': prefixed}, path)
    return ema


def localizer() -> nn.Module:
    init_default_scope('mmvideomae')
    vit = {
        'type': 'VideoMAEViT', 'arch': {'embed_dims': VIT, 'depth': DEPTH, 'num_heads': 2},
        'patch_size': PATCH, 'out_type': 'avg', 'peft': {'type': 'TIA'},
    }  # fmt: skip
    detector = detector_config(VIT, WIDTH, CLASSES, heads=2)
    detector['backbone']['windows'] = 1
    return MODELS.build({'type': 'EndToEndLocalizer', 'backbone': vit, 'detector': detector})


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


@pytest.mark.parametrize('encoder', [True, False])
def test_files_are_written_back_as_they_were(tmp_path: Path, encoder: bool) -> None:
    shapes = (encoder_shapes() if encoder else {}) | detector_shapes()
    theirs = released(shapes, tmp_path / 'best.pth')
    save_weights(load(tmp_path / 'best.pth').state_dict, tmp_path / 'back.pth', 'opentad')
    content = torch.load(tmp_path / 'back.pth', weights_only=True)
    for entry in ('state_dict', 'state_dict_ema'):
        assert content[entry].keys() == {f'module.{key}' for key in theirs}
        for key, value in theirs.items():
            assert torch.equal(content[entry][f'module.{key}'], value), key


def test_a_detector_of_features_has_our_names(tmp_path: Path) -> None:
    released(detector_shapes(5), tmp_path / 'best.pth')
    init_default_scope('mmvideomae')
    model = MODELS.build(detector_config(5, WIDTH, CLASSES, heads=2))
    load_checkpoint(model, str(tmp_path / 'best.pth'), map_location='cpu', strict=True)
    assert detect(model.state_dict()) == 'ours'


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
    with pytest.raises(CheckpointError, match='OpenTAD needs an ActionFormer'):
        save_weights(classifier, tmp_path / 'none.pth', 'opentad')
