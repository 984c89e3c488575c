"""File layouts: how they are recognised, read into our names, and written."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mmvideomae.checkpoints.completeness import PATCH_EMBED, require_whole
from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.names import Names, Weights, canonical_order
from mmvideomae.ops.positions import sinusoid_table
from mmvideomae.storage import replacing

POSITIONS = 'backbone.pos_embed'


class Dropped(NamedTuple):
    """A tensor of a file that has no counterpart in our models."""

    key: str
    shape: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class Conversion:
    """Weights with our names, and what became of the rest of the file."""

    state_dict: 'OrderedDict[str, Tensor]'
    format: str
    """A key of ``LAYOUTS``."""
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    """Remarks for the user, one sentence each."""
    num_heads: Mapping[str, int] = field(default_factory=dict)
    """Attention heads of ``backbone`` and ``neck``, if a configuration beside the file has them."""

    @property
    def lines(self) -> list[str]:
        """One line for each reason for dropping tensors and for each note."""
        by_reason: dict[str, list[str]] = {}
        for item in self.dropped:
            by_reason.setdefault(item.reason, []).append(item.key)
        return [f'dropped {some(keys, 3)}: {reason}' for reason, keys in by_reason.items()] + list(
            self.notes
        )


@dataclass(frozen=True, kw_only=True)
class Layout(Names):
    """A file layout: its names, how it is recognised, and whether it can be written.

    For every layout, tensors are renamed, query, key and value are fused, a patch embedding of
    images is inflated, and missing tensors are reported.  A layout that needs more overrides
    methods.
    """

    name: str
    """Its name in `detect` and ``convert_checkpoint.py --to``."""
    title: str
    """Its name in messages."""
    markers: tuple[str, ...] = ()
    """Names of tensors; any of them identifies the layout."""
    renamed_only: bool = False
    """Whether tensors differ from ours only in their names, for any network."""
    writable: bool = False
    wrapped_in: str = 'state_dict'
    """The entry for the weights in a written file; '' writes the state dict itself."""
    is_folder: bool = False
    """Whether it is written as a folder."""
    key_biases: bool = False
    """Whether attention has biases of the keys that do not cancel, as with rotary positions."""

    def matches(self, state: Weights) -> bool:
        """Whether the keys of a state dict have this layout."""
        return any(key in state for key in self.markers)

    def to_ours(self, state: Weights, tubelet_size: int = 2) -> Conversion:
        """`conversion.to_ours` for a state dict that `matches`."""
        weights, dropped = self._renamed(state)
        if self.renamed_only:
            require_whole(weights)
            return Conversion(OrderedDict(weights), self.name, tuple(dropped))
        notes: list[str] = []
        self.settle(weights, notes)
        _settle_positions(weights, dropped, notes)
        _fuse_attention(weights, dropped)
        if PATCH_EMBED not in weights:
            raise CheckpointError(f'the weights are incomplete: {PATCH_EMBED} missing')
        if weights[PATCH_EMBED].ndim == 4:
            kernel = weights[PATCH_EMBED] / tubelet_size
            weights[PATCH_EMBED] = kernel[:, :, None].repeat(1, 1, tubelet_size, 1, 1)
            notes.append(f'the patch embedding of images is inflated to {tubelet_size} frames')
        require_whole(weights)
        if 'backbone.blocks.0.attn.q_bias' not in weights:
            note = 'queries and values have no biases: use a backbone with qkv_bias=False'
            notes.append(note)
        ordered = OrderedDict((key, weights[key]) for key in sorted(weights, key=canonical_order))
        return Conversion(ordered, self.name, tuple(dropped), tuple(notes))

    def _renamed(self, state: Weights) -> tuple[dict[str, Tensor], list[Dropped]]:
        """Rename all keys; names are then ours or the intermediate form of `names`."""
        weights: dict[str, Tensor] = {}
        dropped, unknown = [], []
        for key, value in state.items():
            bare = self.strip(key)
            if reason := self.reason_to_drop(bare):
                dropped.append(Dropped(key, tuple(value.shape), reason))
            elif (ours := self.our_key(bare)) is None:
                unknown.append(key)
            elif ours in weights:
                raise CheckpointError(f'{self.title}: two tensors for {ours}, one of them {key}')
            else:
                weights[ours] = value
        if unknown:
            raise CheckpointError(f'{self.title}: cannot map {some(unknown)}')
        return weights, dropped

    def settle(self, weights: dict[str, Tensor], notes: list[str]) -> None:
        """Adjust weights in place after renaming, where names alone are not enough."""

    def with_config(self, done: Conversion, config: Mapping[str, Any]) -> Conversion:
        """Use the ``config.json`` beside the weights."""
        return done

    def from_ours(self, state: Weights) -> 'OrderedDict[str, Tensor]':
        """`conversion.convert` to this layout."""
        biased = [key for key in state if key.endswith('.attn.qkv.bias')]
        if biased and not self.key_biases:
            raise CheckpointError(f'{self.title} has no place for {some(biased)}: keys have biases')
        ordered = {key: state[key] for key in sorted(state, key=canonical_order)}
        require_whole(ordered)
        pieces = self.pieces(ordered)
        named = {key: self.their_key(key) for key in pieces}
        if unknown := [key for key, theirs in named.items() if theirs is None]:
            raise CheckpointError(f'{self.title} has no place for {some(unknown)}')
        return OrderedDict(
            (f'{self.prefix(key, state)}{named[key]}', pieces[key]) for key in pieces
        )

    def pieces(self, state: Weights) -> Weights:
        """Split our tensors as in the layout, with names in the intermediate form."""
        return state

    def prefix(self, key: str, state: Weights) -> str:
        """The prefix of a written name, which reading removes."""
        return ''

    def save(self, state: Weights, path: Path, config: Mapping[str, Any] | None) -> list[Path]:
        """`conversion.save_weights` in this layout."""
        weights = contiguous(self.from_ours(state))
        # Opened here because torch would write the file's name into it.
        with replacing(path) as temporary, temporary.open('wb') as file:
            torch.save({self.wrapped_in: weights} if self.wrapped_in else weights, file)
        return [path]


def contiguous(state: Weights) -> dict[str, Tensor]:
    """Contiguous tensors, as files need them."""
    return {key: value.detach().contiguous() for key, value in state.items()}


def _settle_positions(weights: dict[str, Tensor], dropped: list[Dropped], notes: list[str]) -> None:
    """Keep learned positions, except that of a class token; drop a stored sinusoid."""
    table = weights.get(POSITIONS)
    if table is None:
        return
    count, dims = table.shape[-2:]
    if any(item.key == 'cls_token' for item in dropped) and count % 2:
        table = weights[POSITIONS] = table[:, 1:]  # the first row was the class token's
        count -= 1
    if torch.allclose(table[0].float(), sinusoid_table(count, dims), atol=1e-3):
        reason = 'the fixed sinusoid, computed here'
        dropped.append(Dropped(POSITIONS, tuple(weights.pop(POSITIONS).shape), reason))
    else:
        notes.append('the positions are learned: use a backbone with learnable_pos=True')


def _fuse_attention(state: dict[str, Tensor], dropped: list[Dropped]) -> None:
    """Convert query, key and value to our form, in place.

    A bias of the keys adds the same number to all scores of a query and cancels in the softmax,
    so dropping it changes nothing.
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
