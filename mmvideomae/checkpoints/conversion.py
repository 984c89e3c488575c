"""State dicts of every supported format -> ours, and ours -> those that we write."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from mmvideomae.checkpoints.completeness import (
    PATCH_EMBED,
    require_values,
    require_whole,
    require_whole_former,
)
from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.layouts import LAYOUTS, canonical_order
from mmvideomae.ops.positions import sinusoid_table

WRITABLE = ('ours', 'videomae', 'hf', 'mmaction2')
POSITIONS = 'backbone.pos_embed'
QKV = '.attn.qkv.weight'
ACTION_FORMER = 'backbone.embd.0.conv.weight'
LOSS_NORMALISER = 'loss.normaliser'
"""Kept by ours only: released ActionFormers lack it, and detection does without."""


class Dropped(NamedTuple):
    """A tensor of a file that has no place in ours."""

    key: str
    shape: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class Conversion:
    """Weights under our names, and what became of the rest of the file."""

    state_dict: 'OrderedDict[str, Tensor]'
    format: str
    """A key of ``LAYOUTS``."""
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    """What a user should know, a sentence each."""
    num_heads: Mapping[str, int] = field(default_factory=dict)
    """Attention heads of ``backbone`` and ``neck``, where a configuration beside tells them."""

    @property
    def lines(self) -> list[str]:
        """What was dropped, by reason, and the notes: one line each."""
        by_reason: dict[str, list[str]] = {}
        for item in self.dropped:
            by_reason.setdefault(item.reason, []).append(item.key)
        return [f'dropped {some(keys, 3)}: {reason}' for reason, keys in by_reason.items()] + list(
            self.notes
        )


def detect(state_dict: Mapping[str, Tensor]) -> str:
    """The format of a state dict, by its keys: one of ``LAYOUTS``.

    Raises:
        CheckpointError: None of them.
    """
    if any(key.endswith('embeddings.patch_embeddings.projection.weight') for key in state_dict):
        return 'hf'
    if ACTION_FORMER in state_dict:
        return 'ours' if LOSS_NORMALISER in state_dict else 'actionformer'
    if 'blocks.0.attn.q.weight' in state_dict:
        return 'mae-st'
    if {'layers.0.ln1.weight', 'backbone.layers.0.ln1.weight'} & state_dict.keys():
        return 'mmpretrain'
    if 'backbone.blocks.0.mlp.layers.0.0.weight' in state_dict:
        return 'mmaction2'
    for prefix in ('', *LAYOUTS['videomae'].prefixes):
        weight = state_dict.get(f'{prefix}patch_embed.proj.weight')
        if weight is not None and f'{prefix}blocks.0.attn.qkv.weight' in state_dict:
            if weight.ndim == 4:
                return 'image-mae'
            return 'ours' if prefix == 'backbone.' and _all_ours(state_dict) else 'videomae'
    raise CheckpointError(
        f'unknown format: no network of {some(LAYOUTS, 9)} has the keys {some(state_dict)}'
    )


def _all_ours(state_dict: Mapping[str, Tensor]) -> bool:
    return all(
        key.startswith(LAYOUTS['ours'].kept) and not key.startswith('backbone.head.')
        for key in state_dict
    )


def to_ours(state_dict: Mapping[str, Tensor], tubelet_size: int = 2) -> Conversion:
    """Bring a state dict of any format under our names.

    Args:
        tubelet_size: Frames of a cube, where the patch embedding is an image's: it is inflated
            to w / tubelet_size in each frame, so that a clip of one repeated image is embedded
            as the image (V1 section 4, after I3D).

    Raises:
        CheckpointError: A tensor is unknown or missing; the keys are named.
    """
    name = detect(state_dict)
    require_values(state_dict)
    if name == 'ours':
        _require_whole(state_dict)
        return Conversion(OrderedDict(state_dict), name)
    renamed, dropped = _renamed(state_dict, name)
    if name == 'actionformer':
        _require_whole(renamed)
        return Conversion(OrderedDict(renamed), name, tuple(dropped))
    notes: list[str] = []
    _join_positions(renamed, dropped, notes)
    _fuse_attention(renamed, dropped)
    if PATCH_EMBED not in renamed:
        raise CheckpointError(f'the weights are incomplete: {PATCH_EMBED} missing')
    if renamed[PATCH_EMBED].ndim == 4:
        weight = renamed[PATCH_EMBED] / tubelet_size
        renamed[PATCH_EMBED] = weight[:, :, None].repeat(1, 1, tubelet_size, 1, 1)
        notes.append(f'the patch embedding of images is inflated to {tubelet_size} frames')
    if name == 'mae-st' and 'cls_head.fc_cls.weight' in renamed:
        # MAE-ST applies its last norm to the mean of the tokens when it classifies.
        for leaf in ('weight', 'bias'):
            renamed[f'backbone.fc_norm.{leaf}'] = renamed.pop(f'backbone.norm.{leaf}')
    if name == 'videomae' and _is_detector(renamed):
        for leaf in ('weight', 'bias'):
            renamed[f'roi_head.bbox_head.fc_cls.{leaf}'] = renamed.pop(f'cls_head.fc_cls.{leaf}')
        notes.append('the head follows the norm of every token: it is that of an action detector')
    require_whole(renamed)
    if 'backbone.blocks.0.attn.q_bias' not in renamed:
        notes.append('queries and values have no biases: they need a backbone with qkv_bias=False')
    ordered = OrderedDict((key, renamed[key]) for key in sorted(renamed, key=canonical_order))
    return Conversion(ordered, name, tuple(dropped), tuple(notes))


def _require_whole(state: Mapping[str, Tensor]) -> None:
    (require_whole_former if ACTION_FORMER in state else require_whole)(state)


def _is_detector(renamed: Mapping[str, Tensor]) -> bool:
    """Whether official weights are those of VideoMAE-Action-Detection.

    Its classes are those of boxes, whose features are of normalised tokens; a classifier has
    ``fc_norm``, of the tokens' mean.
    """
    head = {f'cls_head.fc_cls.{leaf}' for leaf in ('weight', 'bias')} <= renamed.keys()
    return head and 'backbone.norm.weight' in renamed and 'backbone.fc_norm.weight' not in renamed


def _renamed(
    state_dict: Mapping[str, Tensor], name: str
) -> tuple[dict[str, Tensor], list[Dropped]]:
    """Rename all keys; names are then ours or the intermediate form of `layouts`."""
    layout, dropped, unknown = LAYOUTS[name], [], []
    renamed: dict[str, Tensor] = {}
    for key, value in state_dict.items():
        bare = layout.strip(key)
        separable = name == 'mae-st' and bare in ('pos_embed_spatial', 'pos_embed_temporal')
        if reason := layout.reason_to_drop(bare):
            dropped.append(Dropped(key, tuple(value.shape), reason))
        elif (ours := bare if separable else layout.to_ours(bare)) is None:
            unknown.append(key)
        elif ours in renamed:
            raise CheckpointError(f'{layout.title}: two tensors for {ours}, one of them {key}')
        else:
            renamed[ours] = value
    if unknown:
        raise CheckpointError(f'{layout.title}: cannot map {some(unknown)}')
    return renamed, dropped


def _join_positions(renamed: dict[str, Tensor], dropped: list[Dropped], notes: list[str]) -> None:
    """Settle the table of positions: separable ones are joined, a stored sinusoid is dropped."""
    if 'pos_embed_spatial' in renamed:
        space, time = renamed.pop('pos_embed_spatial'), renamed.pop('pos_embed_temporal')
        renamed[POSITIONS] = (time[:, :, None] + space[:, None]).flatten(1, 2)
    table = renamed.get(POSITIONS)
    if table is None:
        return
    count, dims = table.shape[-2:]
    if any(item.key == 'cls_token' for item in dropped) and count % 2:
        table = renamed[POSITIONS] = table[:, 1:]  # the first row was the class token's
        count -= 1
    if torch.allclose(table[0].float(), sinusoid_table(count, dims), atol=1e-3):
        reason = 'the fixed sinusoid, computed here'
        dropped.append(Dropped(POSITIONS, tuple(renamed.pop(POSITIONS).shape), reason))
    else:
        notes.append('the positions are learned: they need a backbone with learnable_pos=True')


def _fuse_attention(state: dict[str, Tensor], dropped: list[Dropped]) -> None:
    """Bring query, key and value into our form, in place.

    A bias of the keys adds the same to all scores of a query and cancels in the softmax, so
    that dropping it changes nothing.
    """
    cancels = 'a bias of the keys cancels in the softmax'
    for stem in sorted({key.partition('.attn.')[0] for key in state if '.attn.' in key}):
        attn = f'{stem}.attn'
        split = [f'{attn}.{part}.weight' for part in 'qkv']
        if present := [key for key in split if key in state]:
            if len(present) < 3:
                raise CheckpointError(f'{stem} has {some(present)} but not all of {some(split)}')
            state[f'{attn}.qkv.weight'] = torch.cat([state.pop(key) for key in split])
        if (joint := state.pop(f'{attn}.qkv.bias', None)) is not None:
            if joint.numel() % 3:
                raise CheckpointError(f'{attn}.qkv.bias has {joint.numel()} numbers for q, k, v')
            for part, value in zip('qkv', joint.chunk(3), strict=True):
                state[f'{attn}.{part}.bias'] = value.clone()
        if (bias := state.pop(f'{attn}.k.bias', None)) is not None:
            theirs = [f'{attn}.{part}.bias' for part in 'qv']
            if missing := [key for key in theirs if key not in state]:
                raise CheckpointError(f'the weights are incomplete: {some(missing)} missing')
            dropped.append(Dropped(f'{attn}.k.bias', tuple(bias.shape), cancels))
        for part in 'qv':
            if f'{attn}.{part}.bias' in state:
                state[f'{attn}.{part}_bias'] = state.pop(f'{attn}.{part}.bias')


def convert(state_dict: Mapping[str, Tensor], to: str) -> 'OrderedDict[str, Tensor]':
    """Name and shape our weights as another format has them.

    Args:
        state_dict: Under our names.
        to: One of ``WRITABLE``; 'videomae' is the official code's, 'hf' that of
            transformers 5.18 and newer.

    Raises:
        CheckpointError: The format is unknown, or has no place for a tensor, which is named.
    """
    if to not in WRITABLE:
        raise CheckpointError(f'cannot write {to!r}; choose one of {some(WRITABLE)}')
    keys = sorted(state_dict, key=canonical_order)
    ordered = OrderedDict((key, state_dict[key]) for key in keys)
    if to == 'ours':
        _require_whole(ordered)
        return ordered
    require_whole(ordered)
    pieces = _split_attention(ordered) if to == 'hf' else ordered
    layout, out, unknown = LAYOUTS[to], OrderedDict(), []
    for key, value in pieces.items():
        if (name := layout.from_ours(key)) is None:
            unknown.append(key)
        else:
            out[_full_name(name, key, to, pretrain=PRETRAIN_TOKEN in ordered)] = value
    if unknown:
        raise CheckpointError(f'{layout.title} has no place for {some(unknown)}')
    return out


PRETRAIN_TOKEN = 'neck.mask_token'


def _full_name(name: str, ours: str, to: str, pretrain: bool) -> str:
    """Put the prefix of the encoder's names, which reading leaves out."""
    encoder = ours.startswith('backbone.')
    if to == 'hf' and encoder and not ours.startswith('backbone.fc_norm.'):
        return f'videomae.{name}'
    return f'encoder.{name}' if to == 'videomae' and pretrain and encoder else name


def _split_attention(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take query, key and value apart; the inverse of `_fuse_attention`."""
    out: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.endswith(QKV):
            stem = key.removesuffix(QKV)
            for part, weight in zip('qkv', value.chunk(3), strict=True):
                out[f'{stem}.attn.{part}.weight'] = weight.clone()
        elif key.endswith(('.attn.q_bias', '.attn.v_bias')):
            out[f'{key.removesuffix("_bias")}.bias'] = value
        else:
            out[key] = value
    return out
