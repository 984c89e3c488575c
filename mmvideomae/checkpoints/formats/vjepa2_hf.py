"""Hugging Face's V-JEPA 2, a folder."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmvideomae.checkpoints.architecture import VJEPA2_HEADS, Architecture, architecture_of
from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.checkpoints.formats.hf import (
    ACTIVATION,
    LAYER_NORM_EPS,
    classifier_entries,
    heads_of,
    require_same_sizes,
    save_folder,
)
from mmvideomae.checkpoints.formats.layout import Conversion, Dropped
from mmvideomae.checkpoints.formats.vjepa2 import VJEPA2Layout
from mmvideomae.checkpoints.names import Names, Weights, numbered, same

# Entries that weights determine too, and their names in `Architecture`.
_SIZES = {
    'hidden_size': 'width',
    'num_hidden_layers': 'depth',
    'patch_size': 'patch_size',
    'tubelet_size': 'tubelet_size',
    'in_chans': 'in_channels',
}
_PREDICTOR_SIZES = {
    'pred_hidden_size': 'decoder_width',
    'pred_num_hidden_layers': 'decoder_depth',
}
# Other names of entries that a model gives.
_ENTRIES = {
    'image_size': 'crop_size',
    'num_frames': 'frames_per_clip',
    'decoder_num_attention_heads': 'pred_num_attention_heads',
}
_HEADS = {
    'backbone': 'num_attention_heads',
    'neck': 'pred_num_attention_heads',
    'cls_head': 'num_attention_heads',
}
_PUBLISHED = {'crop_size': 256, 'frames_per_clip': 64, 'pred_num_attention_heads': 12}
# Tensors that are one in our models.
_FUSED = {
    '.attn.qkv.': ('.attn.q.', '.attn.k.', '.attn.v.'),
    '.cross.kv.': ('.cross.k.', '.cross.v.'),
}
_MLP = same(['mlp.fc1', 'mlp.fc2'])
_POOLER_BLOCKS = Names(
    parts=(('cls_head.pooler.blocks', 'pooler.self_attention_layers'),),
    block=(
        ('norm1', 'layer_norm1'),
        ('norm2', 'layer_norm2'),
        *((f'attn.{part}', f'self_attn.{part}_proj') for part in 'qkv'),
        ('attn.proj', 'self_attn.out_proj'),
        *_MLP,
    ),
)


class HuggingFaceVJEPA2Layout(VJEPA2Layout):
    """Queries, keys and values are separate, and a classifier comes with an unused predictor."""

    def matches(self, state: Weights) -> bool:
        return any(key.endswith('embeddings.patch_embeddings.proj.weight') for key in state)

    def our_key(self, key: str) -> str | None:
        return _POOLER_BLOCKS.our_key(key) or super().our_key(key)

    def their_key(self, key: str) -> str | None:
        return _POOLER_BLOCKS.their_key(key) or super().their_key(key)

    def to_ours(self, state: Weights, tubelet_size: int = 2) -> Conversion:
        unused = []
        if 'classifier.weight' in state:
            unused = [key for key in state if self.strip(key).startswith('predictor.')]
        kept = {key: value for key, value in state.items() if key not in unused}
        done = super().to_ours(kept, tubelet_size)
        reason = 'a classifier does not use the predictor'
        dropped = [Dropped(key, tuple(state[key].shape), reason) for key in unused]
        return replace(done, dropped=(*done.dropped, *dropped))

    def settle(self, weights: dict[str, Tensor], notes: list[str]) -> None:
        for whole, parts in _FUSED.items():
            for key in [key for key in weights if parts[0] in key]:
                names = [key.replace(parts[0], part) for part in parts]
                if missing := [name for name in names if name not in weights]:
                    raise CheckpointError(f'the weights are incomplete: {missing[0]} missing')
                fused = torch.cat([weights.pop(name) for name in names])
                weights[key.replace(parts[0], whole)] = fused
        if (tokens := weights.get('neck.mask_token')) is not None:
            weights['neck.mask_token'] = tokens.flatten(0, 1)

    def pieces(self, state: Weights) -> Weights:
        out: dict[str, Tensor] = {}
        for key, value in state.items():
            whole = next((name for name in _FUSED if name in key), None)
            if whole is not None:
                parts = _FUSED[whole]
                for part, piece in zip(parts, value.chunk(len(parts)), strict=True):
                    out[key.replace(whole, part)] = piece.clone()
            else:
                out[key] = value[:, None] if key == 'neck.mask_token' else value
        return out

    def prefix(self, key: str, state: Weights) -> str:
        inner = 'cls_head.fc_cls.weight' in state and not key.startswith('cls_head.')
        return 'vjepa2.' if inner else ''

    def with_config(self, done: Conversion, config: Mapping[str, Any]) -> Conversion:
        require_same_sizes(config, done.state_dict, _SIZES | _PREDICTOR_SIZES)
        heads = heads_of(config, done.state_dict, _HEADS)
        notes = list(done.notes)
        if 'cls_head' in heads:
            notes.append(
                "Hugging Face's pooler has an epsilon of 1e-6 in its norms and "
                f'{heads["cls_head"]} attention heads; set norm_eps and num_heads of the '
                'AttentiveHead to the same'
            )
        return replace(done, notes=tuple(notes), num_heads=heads)

    def save(self, state: Weights, path: Path, config: Mapping[str, Any] | None) -> list[Path]:
        return save_folder(path, self.from_ours(state), vjepa2_config(state, config))


def vjepa2_config(state: Weights, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """``config.json`` for `transformers` 4.53 and newer, for weights with our names.

    Args:
        config: Entries that override, as in `hf_config`; by default those of published models.

    Raises:
        CheckpointError: The number of heads is not known, or Hugging Face has no model for
            these weights.
    """
    given = {_ENTRIES.get(name, name): value for name, value in (config or {}).items()}
    classes, pooler_heads = given.pop('classes', None), given.pop('pooler_num_heads', None)
    sizes = architecture_of(state)
    if sizes is None:
        raise CheckpointError('there is no V-JEPA 2 encoder to describe for Hugging Face')
    content = {
        'model_type': 'vjepa2',
        'architectures': ['VJEPA2Model'],
        'hidden_act': ACTIVATION,
        'layer_norm_eps': LAYER_NORM_EPS,
        'qkv_bias': True,
        **{entry: getattr(sizes, name) for entry, name in _SIZES.items()},
        **_PUBLISHED,
        'num_attention_heads': VJEPA2_HEADS.get(sizes.width),
        'mlp_ratio': (sizes.hidden or 0) / sizes.width,
        **_predictor(sizes, state),
    } | given
    if not isinstance(content['crop_size'], int):
        raise CheckpointError("Hugging Face's V-JEPA 2 takes square clips only")
    heads = content['num_attention_heads']
    if heads is None:
        raise CheckpointError(
            f'no published V-JEPA 2 has a width of {sizes.width}: give its config, or '
            'num_attention_heads'
        )
    if sizes.num_classes:
        if pooler_heads not in (None, heads):
            raise CheckpointError(
                f"Hugging Face's pooler has as many attention heads as its encoder, {heads}, but "
                f'this one has {pooler_heads}'
            )
        content |= classifier_entries(sizes.num_classes, classes)
        content['architectures'] = ['VJEPA2ForVideoClassification']
        content['num_pooler_layers'] = len(numbered(state, 'cls_head.pooler.blocks'))
    return content


def _predictor(sizes: Architecture, state: Weights) -> dict[str, Any]:
    if not sizes.decoder_width:
        return {}
    return {
        **{entry: getattr(sizes, name) for entry, name in _PREDICTOR_SIZES.items()},
        'pred_mlp_ratio': (sizes.decoder_hidden or 0) / sizes.decoder_width,
        'pred_num_mask_tokens': len(state['neck.mask_token']),
    }


LAYOUT = HuggingFaceVJEPA2Layout(
    name='vjepa2-hf',
    title='Hugging Face transformers, V-JEPA 2',
    parts=(
        ('backbone.patch_embed.proj', 'encoder.embeddings.patch_embeddings.proj'),
        ('backbone.blocks', 'encoder.layer'),
        ('backbone.norm', 'encoder.layernorm'),
        ('neck.mask_token', 'predictor.embeddings.mask_tokens'),
        ('neck.blocks', 'predictor.layer'),
        ('neck.norm', 'predictor.layernorm'),
        ('neck.embed', 'predictor.embeddings.predictor_embeddings'),
        ('head.proj', 'predictor.proj'),
        ('cls_head.fc_cls', 'classifier'),
        ('cls_head.pooler.query', 'pooler.query_tokens'),
        *(
            (f'cls_head.pooler.cross.{ours}', f'pooler.cross_attention_layer.{theirs}')
            for ours, theirs in (
                ('norm1', 'layer_norm1'),
                ('norm2', 'layer_norm2'),
                *((part, f'cross_attn.{part}_proj') for part in 'qkv'),
                *_MLP,
            )
        ),
    ),
    block=(
        *same(['norm1', 'norm2']),
        *((f'attn.{name[0]}', f'attention.{name}') for name in ('query', 'key', 'value')),
        ('attn.proj', 'attention.proj'),
        *_MLP,
    ),
    prefixes=('vjepa2.',),
    writable=True,
    is_folder=True,
    key_biases=True,
)
