"""Weight files as other projects write them, spelled out without our converter.

Each writer translates the state dict of one of our models into the names of another project, and
adds the other contents of such a file.  `CLASSIFIERS`, `PRETRAINERS` and `DETECTORS` list the
writers by name.
"""

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

State = dict[str, Tensor]
Writer = Callable[[State, Path], Path]


def separable(state: State, slots: int) -> State:
    """Make a state's learned positions the sum of a table over space and one over time."""
    table = state['backbone.pos_embed'][0].unflatten(0, (slots, -1))
    joint = table[:1] + table[:, :1]
    return {**state, 'backbone.pos_embed': joint.flatten(0, 1)[None]}


def inflated(state: State) -> State:
    """Make a state's patch embedding that of an image, the same in each frame."""
    key = 'backbone.patch_embed.proj.weight'
    image = state[key][:, :, 0]
    frames = state[key].shape[2]
    return {**state, key: torch.stack([image / frames] * frames, dim=2)}


def _block(state: State, part: str, number: int) -> State:
    start = f'{part}.blocks.{number}.'
    return {key[len(start) :]: value for key, value in state.items() if key.startswith(start)}


def _depth(state: State, part: str) -> int:
    return len([key for key in state if re.fullmatch(rf'{part}\.blocks\.\d+\.norm1\.bias', key)])


def _pair(state: State, ours: str, theirs: str) -> State:
    """Weight and bias of a layer, if they exist."""
    return {
        f'{theirs}.{leaf}': state[f'{ours}.{leaf}']
        for leaf in ('weight', 'bias')
        if f'{ours}.{leaf}' in state
    }


def _like(value: Tensor, seed: int) -> Tensor:
    return torch.randn(value.shape, generator=torch.Generator().manual_seed(seed))


def official_finetuned(state: State) -> State:
    """Names of the fine-tuning code of VideoMAE, V1 and V2."""
    out = _pair(state, 'backbone.patch_embed.proj', 'patch_embed.proj')
    for i in range(_depth(state, 'backbone')):
        out |= {f'blocks.{i}.{name}': value for name, value in _block(state, 'backbone', i).items()}
    out |= _pair(state, 'backbone.fc_norm', 'fc_norm')
    return out | _pair(state, 'cls_head.fc_cls', 'head')


def official_detector(state: State) -> State:
    """Names of VideoMAE-Action-Detection, whose norm is of tokens and whose head is of boxes."""
    out = official_finetuned(state) | _pair(state, 'backbone.norm', 'norm')
    return out | _pair(state, 'roi_head.bbox_head.fc_cls', 'head')


def official_pretrained(state: State) -> State:
    """Names of the pre-training code of VideoMAE, V1 and V2."""
    out = {'mask_token': state['neck.mask_token']}
    out |= _pair(state, 'backbone.patch_embed.proj', 'encoder.patch_embed.proj')
    for theirs, ours in (('encoder', 'backbone'), ('decoder', 'neck')):
        for i in range(_depth(state, ours)):
            block = _block(state, ours, i)
            out |= {f'{theirs}.blocks.{i}.{name}': value for name, value in block.items()}
        out |= _pair(state, f'{ours}.norm', f'{theirs}.norm')
    out |= _pair(state, 'head.proj', 'decoder.head')
    return out | {'encoder_to_decoder.weight': state['neck.embed.weight']}


def hugging_face(state: State, version: int) -> State:
    """Names of transformers 4 or 5."""
    out = _pair(
        state, 'backbone.patch_embed.proj', 'videomae.embeddings.patch_embeddings.projection'
    )
    parts = (('backbone', 'videomae.encoder.layer'), ('neck', 'decoder.decoder_layers'))
    for part, layers in parts:
        for i in range(_depth(state, part)):
            layer = _hugging_face_layer(_block(state, part, i), version)
            out |= {f'{layers}.{i}.{name}': value for name, value in layer.items()}
    out |= _pair(state, 'backbone.norm', 'videomae.layernorm')
    out |= _pair(state, 'backbone.fc_norm', 'fc_norm')
    out |= _pair(state, 'cls_head.fc_cls', 'classifier')
    if 'neck.mask_token' in state:
        out['mask_token'] = state['neck.mask_token']
        out['encoder_to_decoder.weight'] = state['neck.embed.weight']
    out |= _pair(state, 'neck.norm', 'decoder.norm')
    return out | _pair(state, 'head.proj', 'decoder.head')


def _hugging_face_layer(block: State, version: int) -> State:
    width = len(block['norm1.bias'])
    joint = block['attn.qkv.weight']
    inner = 'attention.attention.'
    query, value = {4: ('q_bias', 'v_bias'), 5: ('query.bias', 'value.bias')}[version]
    return {
        f'{inner}query.weight': joint[:width].clone(),
        f'{inner}key.weight': joint[width : 2 * width].clone(),
        f'{inner}value.weight': joint[2 * width :].clone(),
        inner + query: block['attn.q_bias'],
        inner + value: block['attn.v_bias'],
        **_pair(block, 'attn.proj', 'attention.output.dense'),
        **_pair(block, 'norm1', 'layernorm_before'),
        **_pair(block, 'norm2', 'layernorm_after'),
        **_pair(block, 'mlp.fc1', 'intermediate.dense'),
        **_pair(block, 'mlp.fc2', 'output.dense'),
    }


def mmaction2(state: State, positions: Tensor) -> State:
    """Names of mmaction2's recognizer or detector, which store their table of positions."""
    out = {'backbone.pos_embed': positions}
    out |= _pair(state, 'backbone.patch_embed.proj', 'backbone.patch_embed.projection')
    for i in range(_depth(state, 'backbone')):
        block = _block(state, 'backbone', i)
        named = {
            'attn.q_bias': block['attn.q_bias'],
            'attn.v_bias': block['attn.v_bias'],
            'attn.qkv.weight': block['attn.qkv.weight'],
            **_pair(block, 'attn.proj', 'attn.proj'),
            **_pair(block, 'norm1', 'norm1'),
            **_pair(block, 'norm2', 'norm2'),
            **_pair(block, 'mlp.fc1', 'mlp.layers.0.0'),
            **_pair(block, 'mlp.fc2', 'mlp.layers.1'),
        }
        out |= {f'backbone.blocks.{i}.{name}': value for name, value in named.items()}
    for same in ('backbone.norm', 'backbone.fc_norm', 'cls_head.fc_cls'):
        out |= _pair(state, same, same)
    return out | _pair(state, 'roi_head.bbox_head.fc_cls', 'roi_head.bbox_head.fc_cls')


def mae_st(state: State, slots: int) -> State:
    """Names of MAE-ST's fine-tuning: separable positions, a class token, separate q, k and v."""
    table = state['backbone.pos_embed'][0].unflatten(0, (slots, -1))
    width = table.shape[-1]
    out = {
        'cls_token': _like(table[:1, :1], 1),
        'pos_embed_class': _like(table[:1, :1], 2),
        'pos_embed_spatial': table[:1].clone(),
        'pos_embed_temporal': (table[:, 0] - table[0, 0])[None].clone(),
    }
    out |= _pair(state, 'backbone.patch_embed.proj', 'patch_embed.proj')
    for i in range(_depth(state, 'backbone')):
        block = _block(state, 'backbone', i)
        q, k, v = block['attn.qkv.weight'].split(width)
        named = {
            'attn.q.weight': q.clone(),
            'attn.q.bias': block['attn.q_bias'],
            'attn.k.weight': k.clone(),
            'attn.k.bias': _like(block['attn.q_bias'], i),
            'attn.v.weight': v.clone(),
            'attn.v.bias': block['attn.v_bias'],
        }
        same = ('attn.proj', 'norm1', 'norm2', 'mlp.fc1', 'mlp.fc2')
        for name in same:
            named |= _pair(block, name, name)
        out |= {f'blocks.{i}.{name}': value for name, value in named.items()}
    out |= _pair(state, 'backbone.fc_norm', 'norm')
    return out | _pair(state, 'cls_head.fc_cls', 'head')


def image_mae(state: State) -> State:
    """Names of ImageMAE's fine-tuning: one bias for q, k and v, a patch embedding of images."""
    cube = state['backbone.patch_embed.proj.weight']
    width = len(cube)
    out = {
        'cls_token': torch.ones(1, 1, width),
        'pos_embed': torch.ones(1, 17, width),
        'patch_embed.proj.weight': cube.sum(2),
        'patch_embed.proj.bias': state['backbone.patch_embed.proj.bias'],
    }
    for i in range(_depth(state, 'backbone')):
        block = _block(state, 'backbone', i)
        out[f'blocks.{i}.attn.qkv.weight'] = block['attn.qkv.weight']
        out[f'blocks.{i}.attn.qkv.bias'] = _joint_bias(block, i)
        for name in ('attn.proj', 'norm1', 'norm2', 'mlp.fc1', 'mlp.fc2'):
            out |= _pair(block, name, f'blocks.{i}.{name}')
    out |= _pair(state, 'backbone.norm', 'norm')
    out |= _pair(state, 'backbone.fc_norm', 'fc_norm')
    return out | _pair(state, 'cls_head.fc_cls', 'head')


def mmpretrain(state: State) -> State:
    """Names of mmpretrain's classifier of images, fine-tuned from MAE."""
    facebook = image_mae(state)
    out = {
        'backbone.cls_token': facebook['cls_token'],
        'backbone.pos_embed': facebook['pos_embed'],
        **_pair(facebook, 'patch_embed.proj', 'backbone.patch_embed.projection'),
    }
    for i in range(_depth(state, 'backbone')):
        here, there = f'backbone.layers.{i}', f'blocks.{i}'
        out |= _pair(facebook, f'{there}.norm1', f'{here}.ln1')
        out |= _pair(facebook, f'{there}.norm2', f'{here}.ln2')
        out |= _pair(facebook, f'{there}.attn.qkv', f'{here}.attn.qkv')
        out |= _pair(facebook, f'{there}.attn.proj', f'{here}.attn.proj')
        out |= _pair(facebook, f'{there}.mlp.fc1', f'{here}.ffn.layers.0.0')
        out |= _pair(facebook, f'{there}.mlp.fc2', f'{here}.ffn.layers.1')
    out |= _pair(facebook, 'norm', 'backbone.ln1')
    out |= _pair(facebook, 'fc_norm', 'backbone.ln2')
    return out | _pair(facebook, 'head', 'head.layers.head')


def _joint_bias(block: State, seed: int) -> Tensor:
    """(3D,): of queries, of keys, which is of no consequence, and of values."""
    q, v = block['attn.q_bias'], block['attn.v_bias']
    return torch.cat([q, _like(q, seed), v])


def _run_of_official_code(weights: State) -> dict[str, Any]:
    """The other contents that training scripts save with the weights."""
    args = argparse.Namespace(model='vit_base_patch16_224', lr=1e-3, betas=[0.9, 0.999], seed=None)
    state = {'state': {0: {'step': torch.tensor(3.0)}}, 'param_groups': [{'lr': 1e-3}]}
    return {'model': weights, 'optimizer': state, 'epoch': 7, 'scaler': {}, 'args': args}


def _torch_file(
    spell: Callable[[State], State],
    wrap: Callable[[State], Any] = lambda weights: weights,
    zipped: bool = True,
) -> Writer:
    def write(state: State, folder: Path) -> Path:
        content = wrap(spell(state))
        torch.save(content, folder / 'weights.pth', _use_new_zipfile_serialization=zipped)
        return folder / 'weights.pth'

    return write


def _prefixed(prefix: str) -> Callable[[State], Any]:
    return lambda weights: {'model': {prefix + key: value for key, value in weights.items()}}


def _deepspeed_folder(spell: Callable[[State], State]) -> Writer:
    def write(state: State, folder: Path) -> Path:
        halves = {key: value.half() for key, value in spell(state).items()}
        content = {'module': halves, 'epoch': 7, 'optimizer': None, 'ds_version': '0.9'}
        torch.save(content, folder / 'mp_rank_00_model_states.pt')
        return folder

    return write


def _hugging_face_folder(version: int, shards: int, safe: bool) -> Writer:
    suffix, stem = ('safetensors', 'model') if safe else ('bin', 'pytorch_model')

    def write(state: State, folder: Path) -> Path:
        weights = hugging_face(state, version)
        (folder / 'config.json').write_text(json.dumps({'model_type': 'videomae'}))
        keys = list(weights)
        index: dict[str, str] = {}
        for number in range(shards):
            name = f'{stem}.{suffix}'
            if shards > 1:
                name = f'{stem}-{number + 1:05}-of-{shards:05}.{suffix}'
            part = {key: weights[key].contiguous() for key in keys[number::shards]}
            index |= dict.fromkeys(part, name)
            if safe:
                save_file(part, folder / name, metadata={'format': 'pt'})
            else:
                torch.save(part, folder / name)
        if shards > 1:
            listing = {'metadata': {}, 'weight_map': index}
            (folder / f'{stem}.{suffix}.index.json').write_text(json.dumps(listing))
        return folder

    return write


def _mmaction2_file(state: State, folder: Path) -> Path:
    width = len(state['backbone.patch_embed.proj.bias'])
    index = torch.arange(32, dtype=torch.float64)[:, None]
    angle = index * 10000 ** (-2 * (torch.arange(width) // 2) / width)
    even = torch.arange(width) % 2 == 0
    table = torch.where(even, angle.sin(), angle.cos()).float()[None]
    content = {'meta': {'epoch': 7}, 'state_dict': mmaction2(state, table)}
    torch.save(content, folder / 'weights.pth')
    return folder / 'weights.pth'


def _halves(weights: State) -> dict[str, Any]:
    return {'module': {key: value.half() for key, value in weights.items()}, 'epoch': 7}


SLOTS = 2
"""Of the tiny models' token grid."""
PRETRAINERS: dict[str, Writer] = {
    'official': _torch_file(official_pretrained, _run_of_official_code),
    'official-compiled': _torch_file(official_pretrained, _prefixed('_orig_mod.')),
    'official-parallel': _torch_file(official_pretrained, _prefixed('module.')),
    'hf4': _hugging_face_folder(4, 1, safe=False),
    'hf5': _hugging_face_folder(5, 1, safe=True),
}
"""Writers of a ``VideoMAE``, by format."""
CLASSIFIERS: dict[str, Writer] = {
    'official': _torch_file(official_finetuned, _run_of_official_code),
    'official-legacy': _torch_file(official_finetuned, _run_of_official_code, zipped=False),
    'official-module': _torch_file(official_finetuned, _halves),
    'official-state_dict': _torch_file(official_finetuned, lambda w: {'state_dict': w}),
    'official-raw': _torch_file(official_finetuned),
    'official-compiled': _torch_file(official_finetuned, _prefixed('_orig_mod.')),
    'official-parallel': _torch_file(official_finetuned, _prefixed('module._orig_mod.')),
    'official-backbone': _torch_file(official_finetuned, _prefixed('backbone.')),
    'official-encoder': _torch_file(official_finetuned, _prefixed('encoder.')),
    'official-deepspeed': _deepspeed_folder(official_finetuned),
    'hf4-bin': _hugging_face_folder(4, 1, safe=False),
    'hf4-safetensors': _hugging_face_folder(4, 1, safe=True),
    'hf4-bin-sharded': _hugging_face_folder(4, 3, safe=False),
    'hf5-bin': _hugging_face_folder(5, 1, safe=False),
    'hf5-safetensors': _hugging_face_folder(5, 1, safe=True),
    'hf5-safetensors-sharded': _hugging_face_folder(5, 3, safe=True),
    'mmaction2': _mmaction2_file,
}
"""Writers of a recognizer."""
DETECTORS: dict[str, Writer] = {
    'official': _torch_file(official_detector, _run_of_official_code),
    'official-module': _torch_file(official_detector, _halves),
    'official-raw': _torch_file(official_detector),
    'official-compiled': _torch_file(official_detector, _prefixed('module._orig_mod.')),
    'official-deepspeed': _deepspeed_folder(official_detector),
    'mmaction2': _mmaction2_file,
}
"""Writers of a detector."""
LEARNED_POSITIONS: dict[str, Writer] = {
    'mae-st': _torch_file(lambda s: mae_st(s, SLOTS), _run_of_official_code),
    'mae-st-slowfast': _torch_file(lambda s: mae_st(s, SLOTS), lambda w: {'model_state': w}),
}
"""Writers of a recognizer with `separable` positions."""
IMAGES: dict[str, Writer] = {
    'image-mae': _torch_file(image_mae, lambda w: {'model': w}),
    'mmpretrain': _torch_file(mmpretrain, lambda w: {'meta': {}, 'state_dict': w}),
}
"""Writers of a recognizer with an `inflated` patch embedding."""
