"""Protects released VIMPAC weights: every key is mapped, and features are the original's."""

import argparse
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.checkpoints import (
    CheckpointError,
    convert,
    detect,
    fit,
    load,
    load_state_dict,
    save_weights,
    to_ours,
)
from mmvideomae.registry import MODELS
from tests.support.dense_codes import dense_attention, rows_of
from tests.support.weights import randomise

WIDTH, CODES, GRID = 32, 20, (3, 2, 4)
State = dict[str, Tensor]


def released_shapes(
    layout: str = 'T,H|W', pre_norm: bool = False, halved: bool = False, classes: int = 0
) -> dict[str, tuple[int, ...]]:
    """Names and shapes in a file of the released code, for a classifier if it has classes."""
    attended, hidden = (WIDTH // 2, 2 * WIDTH) if halved else (WIDTH, 4 * WIDTH)
    positions = 'backbone.positional_embedding'
    shapes: dict[str, tuple[int, ...]] = {
        'backbone.cls_param': (WIDTH,),
        'backbone.embedding.weight': (CODES + 5, WIDTH),
        f'{positions}.cls_pos_embedding': (1, WIDTH),
        f'{positions}.temporal_pos_embedding': (GRID[0], WIDTH),
        f'{positions}.height_pos_embedding': (GRID[1], WIDTH),
        f'{positions}.width_pos_embedding': (GRID[2], WIDTH),
    }
    layers: dict[str, tuple[int, ...]] = {}
    norms = ['backbone.ln_post' if pre_norm else 'backbone.ln_pre']
    for number in range(2):
        block = f'backbone.transformer.resblocks.{number}'
        layers |= {f'{block}.mlp.c_fc': (hidden, WIDTH), f'{block}.mlp.c_proj': (WIDTH, hidden)}
        norms.append(f'{block}.ln')
        for step, parts in enumerate(layout.split(',')):
            attention = f'{block}.attention_blocks.{step}'
            count = len(parts.split('|'))
            for part in range(count):
                for name in ('query', 'key', 'value'):
                    key = f'{attention}.attentions.{part}.attention.{name}'
                    layers[key] = (attended // count, WIDTH)
            output = attention if pre_norm else f'{attention}.output'
            layers[f'{output}.dense'] = (WIDTH, attended)
            norms.append(f'{output}.LayerNorm')
    if classes:
        layers['cls_fc'] = (classes, WIDTH)
    else:
        layers['mlm_head.transform.0'] = (WIDTH, WIDTH)
        layers['cls_head.mlp.linear_0'] = (48, WIDTH)
        norms += ['mlm_head.transform.2']
        shapes |= {f'cls_head.mlp.bn_0.{name}': (48,) for name in BATCH_NORM}
        shapes |= {
            'cls_head.mlp.bn_0.num_batches_tracked': (),
            'cls_head.mlp.linear_1.weight': (16, 48),
            'mlm_head.bias': (CODES + 5,),
        }
    for name, shape in layers.items():
        shapes |= {f'{name}.weight': shape, f'{name}.bias': shape[:1]}
    return shapes | {f'{norm}.{leaf}': (WIDTH,) for norm in norms for leaf in ('weight', 'bias')}


BATCH_NORM = ('weight', 'bias', 'running_mean', 'running_var')


def released(**options: Any) -> State:
    generator = torch.Generator().manual_seed(0)
    state = {
        key: torch.randn(shape, generator=generator) / 4
        for key, shape in released_shapes(**options).items()
    }
    if 'mlm_head.bias' in state:
        state['cls_head.mlp.bn_0.num_batches_tracked'] = torch.tensor(7)
        state['mlm_head.decoder.weight'] = state['backbone.embedding.weight']
        state['mlm_head.decoder.bias'] = state['mlm_head.bias']
    return state


def built(
    layout: str = 'T,H|W',
    pre_norm: bool = False,
    halved: bool = False,
    classes: int = 0,
    num_codes: int = CODES,
    **options: Any,
) -> nn.Module:
    arch = {'embed_dims': WIDTH, 'depth': 2, 'num_heads': 4}
    if halved:
        arch |= {'attn_ratio': 0.5, 'mlp_ratio': 2.0}
    backbone = {
        'type': 'FactorizedVideoTransformer',
        'arch': arch,
        'layout': layout,
        'grid_size': GRID,
        'num_codes': num_codes,
        'pre_norm': pre_norm,
        **options,
    }
    init_default_scope('mmvideomae')
    if classes:
        preprocessor = {'type': 'CodeClassificationPreprocessor', 'num_codes': num_codes}
        head = {'type': 'LinearHead', 'num_classes': classes, 'in_channels': WIDTH}
        return MODELS.build(
            {
                'type': 'Recognizer3D',
                'backbone': backbone,
                'cls_head': head,
                'data_preprocessor': preprocessor,
            }
        ).eval()
    preprocessor = {'type': 'CodeDataPreprocessor', 'num_codes': num_codes}
    contrast = {'type': 'ContrastiveHead', 'hidden_dims': 48, 'out_dims': 16}
    return MODELS.build(
        {
            'type': 'VIMPAC',
            'backbone': backbone,
            'head': {'type': 'MaskedCodeHead'},
            'contrast': contrast,
            'data_preprocessor': preprocessor,
        }
    ).eval()


KINDS = [
    {},
    {'layout': 'T,H,W'},
    {'halved': True},
    {'layout': 'T,H,W', 'pre_norm': True},
    {'classes': 5},
    {'classes': 5, 'pre_norm': True},
]
NAMES = ['pre-trained', 'three', 'halved', 'pre-norm', 'classifier', 'pre-norm classifier']


@pytest.mark.parametrize('kind', KINDS, ids=NAMES)
def test_every_key_is_used_and_written_back(kind: dict[str, Any], tmp_path: Path) -> None:
    state = released(**kind)
    torch.save(state, tmp_path / 'classifier.pt')
    done = load(tmp_path / 'classifier.pt')
    assert done.format == 'vimpac' and not done.dropped and not done.notes
    model = built(**kind)
    for training in (False, True):
        fitted = fit(done.state_dict, model, 'file', training)
        assert not fitted.notes
        model.load_state_dict(fitted.state_dict, strict=True)
    assert detect(model.state_dict()) == 'ours'
    back = convert(model.state_dict(), 'vimpac')
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], value) for key, value in state.items())
    save_weights(model.state_dict(), tmp_path / 'back.pt', 'vimpac')
    bare = torch.load(tmp_path / 'back.pt')
    assert bare.keys() == state.keys()
    assert load(tmp_path / 'back.pt').state_dict.keys() == done.state_dict.keys()


def theirs(state: State, codes: Tensor, layout: str) -> Tensor:
    """CLS of the released post-norm network, (B, D), from its names."""

    def linear(x: Tensor, name: str) -> Tensor:
        return F.linear(x, state[f'{name}.weight'], state[f'{name}.bias'])

    def norm(x: Tensor, name: str) -> Tensor:
        return F.layer_norm(x, (WIDTH,), state[f'{name}.weight'], state[f'{name}.bias'], 1e-12)

    places = 'backbone.positional_embedding.'
    t, h, w = (state[f'{places}{axis}_pos_embedding'] for axis in ('temporal', 'height', 'width'))
    table = (t[:, None, None] + h[None, :, None] + w[None, None]).flatten(0, 2)
    cls = state['backbone.cls_param'] + state[f'{places}cls_pos_embedding']
    tokens = state['backbone.embedding.weight'][codes.flatten(1)] + table
    x = norm(torch.cat([cls[None].repeat(len(codes), 1, 1), tokens], 1), 'backbone.ln_pre')
    for number in range(2):
        block = f'backbone.transformer.resblocks.{number}'
        for step, parts in enumerate(layout.split(',')):
            attention, found = f'{block}.attention_blocks.{step}', []
            for part, axes in enumerate(parts.split('|')):
                start = f'{attention}.attentions.{part}.attention'
                heads = 4 // len(parts.split('|'))
                q, k, v = (
                    linear(x, f'{start}.{name}').unflatten(2, (heads, -1)).transpose(1, 2)
                    for name in ('query', 'key', 'value')
                )
                padding = codes == CODES + 1
                out = dense_attention(q, k, v, rows_of(GRID, axes), padding)
                found.append(out.transpose(1, 2).flatten(2))
            x = norm(
                x + linear(torch.cat(found, 2), f'{attention}.output.dense'),
                f'{attention}.output.LayerNorm',
            )
        mlp = linear(F.gelu(linear(x, f'{block}.mlp.c_fc')), f'{block}.mlp.c_proj')
        x = norm(x + mlp, f'{block}.ln')
    return x[:, 0]


@pytest.mark.parametrize('kind', [KINDS[0], KINDS[1], KINDS[2]], ids=NAMES[:3])
def test_features_and_logits_are_those_of_the_released_network(kind: dict[str, Any]) -> None:
    codes = torch.randint(CODES, (2, *GRID), generator=torch.Generator().manual_seed(3))
    codes[0, -1] = CODES + 1
    state = released(**kind)
    cls = theirs(state, codes, kind.get('layout', 'T,H|W'))
    model = built(**kind)
    model.load_state_dict(to_ours(state).state_dict)
    torch.testing.assert_close(model.backbone(codes).cls, cls, rtol=1e-4, atol=1e-5)
    classifier = built(classes=5, **kind)
    weights = {**released(classes=5, **kind)}
    classifier.load_state_dict(to_ours(weights).state_dict)
    logits = classifier(codes[:, None], mode='tensor', stage='head')
    cls = theirs(weights, codes, kind.get('layout', 'T,H|W'))
    expected = cls @ weights['cls_fc.weight'].T + weights['cls_fc.bias']
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)


def test_positions_are_interpolated_and_a_note_says_so() -> None:
    state = to_ours(released()).state_dict
    model = built(grid_size=(6, 2, 8))
    fitted = fit(state, model, 'file', training=False)
    assert fitted.notes == ('positions: interpolated, time from 3 to 6, width from 4 to 8',)
    table = state['backbone.pos_embed.time']
    longer = F.interpolate(table.T[None], size=6, mode='linear', align_corners=False)[0].T
    torch.testing.assert_close(fitted.state_dict['backbone.pos_embed.time'], longer)
    height = fitted.state_dict['backbone.pos_embed.height']
    assert torch.equal(height, state['backbone.pos_embed.height'])


def test_pre_training_starts_a_classifier(tmp_path: Path) -> None:
    torch.save(released(), tmp_path / 'model.pt')
    classifier = built(classes=5)
    fitted = fit(load_state_dict(tmp_path / 'model.pt'), classifier, 'model.pt', training=True)
    told = '; '.join(fitted.notes)
    assert 'head: dropped' in told and 'contrast: dropped' in told and 'cls_head: newly' in told
    report = classifier.load_state_dict(fitted.state_dict, strict=False)
    assert all(key.startswith('cls_head.') for key in report.missing_keys)
    with pytest.raises(CheckpointError, match='has no cls_head, as after pre-training'):
        fit(load_state_dict(tmp_path / 'model.pt'), classifier, 'model.pt', training=False)


def test_an_encoder_alone_is_initialised_from_a_released_file(tmp_path: Path) -> None:
    state = released()
    torch.save(state, tmp_path / 'model.pt')
    checkpoint = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'model.pt')}
    encoder = built(init_cfg=checkpoint).backbone
    encoder.init_weights()
    assert torch.equal(encoder.cls_embed[0], state['backbone.cls_param'])


@pytest.mark.parametrize(
    ('options', 'told'),
    [
        ({'layout': 'T,H,W'}, 'attentions 1+2 against 1+1+1'),
        ({'halved': True}, 'hidden 128 against 64; attention width 32 against 16'),
        ({'num_codes': 30}, 'codes 25 against 35'),
        ({'pre_norm': True}, 'backbone.ln_post'),
    ],
)
def test_another_network_is_refused_in_one_line(options: dict[str, Any], told: str) -> None:
    with pytest.raises(CheckpointError, match='does not fit Recognizer3D') as caught:
        fit(to_ours(released()).state_dict, built(classes=5, **options), 'file', training=True)
    assert told in str(caught.value) and '\n' not in str(caught.value)


def test_gaps_and_strangers_are_named() -> None:
    state = released()
    for key in sorted(state):
        if key.startswith('mlm_head.decoder.') or key.endswith('num_batches_tracked'):
            continue
        rest = {k: v for k, v in state.items() if k != key}
        if key in ('backbone.embedding.weight', 'mlm_head.bias'):  # its twin says the same
            assert to_ours(rest).state_dict.keys() == to_ours(state).state_dict.keys()
            continue
        if key == 'backbone.cls_param':
            continue  # by which the layout is known
        with pytest.raises(CheckpointError, match='missing'):
            to_ours(rest)
    with pytest.raises(CheckpointError, match=r'cannot map backbone\.extra'):
        to_ours({**state, 'backbone.extra': torch.ones(1)})
    with pytest.raises(CheckpointError, match='differs from backbone'):
        to_ours({**state, 'mlm_head.decoder.weight': torch.ones(CODES + 5, WIDTH)})
    ours = to_ours(state).state_dict
    with pytest.raises(CheckpointError, match=r'no place for neck\.x'):
        convert({**ours, 'neck.x': torch.ones(1)}, 'vimpac')
    with pytest.raises(CheckpointError, match='no place for'):
        convert({'backbone.patch_embed.proj.weight': torch.ones(1)}, 'vimpac')


def test_arguments_beside_weights_are_read_without_running_anything(tmp_path: Path) -> None:
    content = {'model': released(), 'args': argparse.Namespace(layers=2, model='efflayoutT,H|W')}
    torch.save(content, tmp_path / 'with_arguments.pt')
    assert load(tmp_path / 'with_arguments.pt').format == 'vimpac'
    ran = tmp_path / 'ran'
    torch.save({'model': released(), 'args': _Malicious(ran)}, tmp_path / 'malicious.pt')
    with pytest.raises(CheckpointError, match='is refused'):
        load(tmp_path / 'malicious.pt')
    assert not ran.exists()


class _Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_a_tokenizer_stays_with_the_model_that_has_it() -> None:
    model = built()
    randomise(model, 0)
    state = dict(model.state_dict())
    with_tokenizer = {**state, 'data_preprocessor.tokenizer.encoder.weight': torch.ones(3)}
    for training in (True, False):
        fitted = fit(with_tokenizer, built(), 'file', training)
        assert fitted.state_dict.keys() == state.keys()
        assert 'tokenizer: dropped' in fitted.notes[0]
    assert convert(with_tokenizer, 'vimpac').keys() == convert(state, 'vimpac').keys()
    needs = built()
    needs.data_preprocessor.tokenizer = nn.ModuleDict({'encoder': nn.Linear(2, 2)})
    fitted = fit(state, needs, 'file', training=True)
    assert fitted.notes == ('tokenizer: the weights have none, the model keeps its own',)
    with pytest.raises(CheckpointError, match='it has no tokenizer: test on files of codes'):
        fit(state, needs, 'file', training=False)
