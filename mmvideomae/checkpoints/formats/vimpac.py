"""Files of VIMPAC's released code: a pre-trained model with its heads, or a classifier."""

import re
from collections import OrderedDict

import torch
from torch import Tensor

from mmvideomae.checkpoints.completeness import CODE_EMBED, require_whole
from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.formats.layout import Conversion, Layout
from mmvideomae.checkpoints.names import Pairs, Weights, canonical_order

_THEIR_EMBED = 'backbone.cls_param'
_BLOCKS = 'backbone.transformer.resblocks.#'
_ATTENTIONS = f'{_BLOCKS}.attention_blocks.#'
# Our and their names, with # for a number; most are followed by weight and bias.
_NAMES: Pairs = (
    (CODE_EMBED, _THEIR_EMBED),
    *((f'backbone.{name}', f'backbone.{name}') for name in ('embedding', 'ln_pre', 'ln_post')),
    ('backbone.pos_embed.cls', 'backbone.positional_embedding.cls_pos_embedding'),
    ('backbone.pos_embed.time', 'backbone.positional_embedding.temporal_pos_embedding'),
    ('backbone.pos_embed.height', 'backbone.positional_embedding.height_pos_embedding'),
    ('backbone.pos_embed.width', 'backbone.positional_embedding.width_pos_embedding'),
    *(
        (f'backbone.blocks.#.attns.#.qkv.#.{name}', f'{_ATTENTIONS}.attentions.#.attention.{name}')
        for name in ('query', 'key', 'value')
    ),
    ('backbone.blocks.#.mlp.fc1', f'{_BLOCKS}.mlp.c_fc'),
    ('backbone.blocks.#.mlp.fc2', f'{_BLOCKS}.mlp.c_proj'),
    ('backbone.blocks.#.mlp_norm', f'{_BLOCKS}.ln'),
    ('head.transform.#', 'mlm_head.transform.#'),
    ('head.bias', 'mlm_head.bias'),
    ('contrast.mlp.linear_#', 'cls_head.mlp.linear_#'),
    ('contrast.mlp.bn_#', 'cls_head.mlp.bn_#'),
    ('cls_head.fc_cls', 'cls_fc'),
)
_PRE_NORM: Pairs = (
    ('backbone.blocks.#.attns.#.proj', f'{_ATTENTIONS}.dense'),
    ('backbone.blocks.#.attn_norms.#', f'{_ATTENTIONS}.LayerNorm'),
)
_POST_NORM: Pairs = (
    ('backbone.blocks.#.attns.#.proj', f'{_ATTENTIONS}.output.dense'),
    ('backbone.blocks.#.attn_norms.#', f'{_ATTENTIONS}.output.LayerNorm'),
)
_TO_OURS = {theirs: ours for ours, theirs in (*_NAMES, *_PRE_NORM, *_POST_NORM)}
_TO_THEIRS = {False: dict((*_NAMES, *_POST_NORM)), True: dict((*_NAMES, *_PRE_NORM))}
# Stored twice in their files, because the decoder is the embedding.
_TIED: Pairs = (
    ('mlm_head.decoder.weight', 'backbone.embedding.weight'),
    ('mlm_head.decoder.bias', 'mlm_head.bias'),
)
_NUMBER = re.compile(r'(?<=[._])\d+(?=\.)')
_PARTS = ('query', 'key', 'value')


class VimpacLayout(Layout):
    """Queries, keys and values are separate, and tied weights are stored twice.

    A tokenizer is not written, since the released code keeps it in a separate file.
    """

    def our_key(self, key: str) -> str | None:
        return _renamed(key, _TO_OURS)

    def to_ours(self, state: Weights, tubelet_size: int = 2) -> Conversion:
        untied = dict(state)
        for copy, original in _TIED:
            value = untied.pop(copy, None)
            if value is not None and not torch.equal(untied.setdefault(original, value), value):
                raise CheckpointError(
                    f'{self.title}: {copy} differs from {original}, to which it is tied'
                )
        weights, _ = self._renamed(untied)
        if CODE_EMBED in weights:
            weights[CODE_EMBED] = weights[CODE_EMBED].reshape(1, -1)
        for key in [key for key in weights if '.qkv.' in key and '.query.' in key]:
            parts = [key.replace('.query.', f'.{part}.') for part in _PARTS]
            if missing := [part for part in parts if part not in weights]:
                raise CheckpointError(f'the weights are incomplete: {some(missing)} missing')
            fused = torch.cat([weights.pop(part) for part in parts])
            weights[key.replace('.query.', '.')] = fused
        require_whole(weights)
        ordered = OrderedDict((key, weights[key]) for key in sorted(weights, key=canonical_order))
        return Conversion(ordered, self.name)

    def from_ours(self, state: Weights) -> 'OrderedDict[str, Tensor]':
        if CODE_EMBED not in state:
            raise CheckpointError(f'{self.title} has no place for {some(state)}')
        require_whole(state)
        names = _TO_THEIRS['backbone.ln_post.weight' in state]
        found: OrderedDict[str, Tensor] = OrderedDict()
        unknown = []
        for key, value in self.pieces(state).items():
            if (theirs := _renamed(key, names)) is None:
                unknown.append(key)
            else:
                found[theirs] = value
        if unknown:
            raise CheckpointError(f'{self.title} has no place for {some(unknown)}')
        if 'mlm_head.bias' in found:
            found.update((copy, found[original]) for copy, original in _TIED)
        return found

    def pieces(self, state: Weights) -> Weights:
        out: dict[str, Tensor] = {}
        for key in sorted(state, key=canonical_order):
            stem, dot, leaf = key.rpartition('.')
            if key == CODE_EMBED:
                out[key] = state[key].flatten()
            elif '.qkv.' in key:
                for part, value in zip(_PARTS, state[key].chunk(3), strict=True):
                    out[f'{stem}.{part}{dot}{leaf}'] = value.clone()
            elif not key.startswith('data_preprocessor.'):
                out[key] = state[key]
        return out


def _renamed(key: str, names: dict[str, str]) -> str | None:
    """The other name of a tensor, or None."""
    numbers = _NUMBER.findall(key)
    whole = _NUMBER.sub('#', key)
    stem, _, leaf = whole.rpartition('.')
    other = names.get(whole) or (names[stem] + f'.{leaf}' if stem in names else None)
    return other and re.sub('#', lambda _: numbers.pop(0), other)


LAYOUT = VimpacLayout(
    name='vimpac',
    title='VIMPAC (airsplay/vimpac)',
    markers=(_THEIR_EMBED,),
    writable=True,
    wrapped_in='',
)
