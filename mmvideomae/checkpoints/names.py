"""Translate names of tensors between a file layout and our models.

There is an intermediate form: our names, but with the biases and weights of query, key and
value separate (``attn.q.weight``) or joint (``attn.qkv.bias``) as in the layout;
`formats.layout` then converts them to our form.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

Weights: TypeAlias = Mapping[str, Tensor]
Pairs: TypeAlias = tuple[tuple[str, str], ...]
# The order of our models' own state dicts, inside a block and outside.
BLOCK_ORDER = (
    *('gamma_1', 'gamma_2', 'norm1', 'attn.q_bias', 'attn.v_bias', 'attn.qkv', 'attn.proj'),
    *('norm2', 'mlp.fc1', 'mlp.fc2'),
)
PART_ORDER = (
    *('backbone.pos_embed', 'backbone.patch_embed.proj', 'backbone.blocks', 'backbone.norm'),
    *('backbone.fc_norm', 'neck.mask_token', 'neck.blocks', 'neck.norm', 'neck.embed'),
    *('head.proj', 'cls_head.fc_cls', 'roi_head.bbox_head.fc_cls'),
    *('cls_head.pooler.query', 'cls_head.pooler.blocks', 'cls_head.pooler.cross.norm1'),
    *('cls_head.pooler.cross.q', 'cls_head.pooler.cross.kv', 'cls_head.pooler.cross.norm2'),
    *('cls_head.pooler.cross.mlp.fc1', 'cls_head.pooler.cross.mlp.fc2'),
)
BLOCK = re.compile(r'\.(\d+)\.(.+)')


def same(names: Iterable[str]) -> Pairs:
    """Names that are the same on both sides."""
    return tuple((name, name) for name in names)


# Names of timm's ViT, which most layouts share.
BLOCK_NAMES = same(
    ['norm1', 'norm2', 'attn.qkv', 'attn.proj', 'mlp.fc1', 'mlp.fc2', 'gamma_1', 'gamma_2']
)
Q_V = same(['attn.q_bias', 'attn.v_bias'])
ENCODER: Pairs = (
    ('backbone.patch_embed.proj', 'patch_embed.proj'),
    ('backbone.pos_embed', 'pos_embed'),
    ('backbone.blocks', 'blocks'),
    ('backbone.norm', 'norm'),
    ('backbone.fc_norm', 'fc_norm'),
    ('cls_head.fc_cls', 'head'),
)


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of one layout.

    ``parts`` pairs our names with theirs; if two of theirs map to one of ours, the first is
    written.  Names omit ``.weight``, ``.bias`` and the numbers of blocks; ``block`` pairs the
    names inside a block.
    """

    parts: Pairs = ()
    block: Pairs = ()
    prefixes: tuple[str, ...] = ()
    """An optional prefix of the encoder's names."""
    dropped: Pairs = ()
    """Patterns of known tensors that have no counterpart in our models, with reasons."""
    kept: tuple[str, ...] = ()
    """Beginnings of names that are the same in our models."""

    def strip(self, key: str) -> str:
        """Remove the optional prefix."""
        prefix = next(filter(key.startswith, self.prefixes), '')
        return key.removeprefix(prefix)

    def our_key(self, key: str) -> str | None:
        """Our name, or the intermediate one, for their stripped name; None if unknown."""
        if key.startswith(self.kept):
            return key
        return _rename(key, _turned(self.parts), _turned(self.block))

    def their_key(self, key: str) -> str | None:
        """Their name for an intermediate name; None if they have no such tensor."""
        return key if key.startswith(self.kept) else _rename(key, self.parts, self.block)

    def reason_to_drop(self, key: str) -> str | None:
        """Why a stripped name has no counterpart in our models, or None."""
        found = (reason for pattern, reason in self.dropped if re.fullmatch(pattern, key))
        return next(found, None)


def canonical_order(key: str) -> tuple[int, int, int, str]:
    """A sort key for the order of our models' state dicts: weights before biases."""
    for rank, part in enumerate(PART_ORDER):
        if key == part or key.startswith(f'{part}.'):
            block = BLOCK.fullmatch(key[len(part) :])
            if block is None:
                return rank, 0, 0, _leaf(key)
            inner = [key_of for key_of in BLOCK_ORDER if f'{block[2]}.'.startswith(f'{key_of}.')]
            place = BLOCK_ORDER.index(inner[0]) if inner else len(BLOCK_ORDER)
            return rank, int(block[1]), place, _leaf(key)
    return len(PART_ORDER), 0, 0, key


def is_known(key: str) -> bool:
    """Whether a plain VideoMAE network may have a tensor with this name."""
    return _rename(key, same(PART_ORDER), same(BLOCK_ORDER)) is not None


def has_part(state: Collection[str], start: str | tuple[str, ...]) -> bool:
    """Whether any name starts with ``start``, or with one of several beginnings."""
    return any(key.startswith(start) for key in state)


def numbered(state: Collection[str], part: str, joint: str = '.') -> range:
    """Numbers from 0 to the highest in a list of layers."""
    found = [re.match(rf'{re.escape(part + joint)}(\d{{1,4}})\.', key) for key in state]
    return range(1 + max((int(match[1]) for match in found if match), default=-1))


def both(layers: Iterable[str]) -> list[str]:
    """The names of the weights and biases of layers."""
    return [f'{layer}.{leaf}' for layer in layers for leaf in ('weight', 'bias')]


def _leaf(key: str) -> str:
    return {'weight': '0', 'bias': '1'}.get(key.rpartition('.')[2], key)


def _turned(pairs: Pairs) -> Pairs:
    return tuple((theirs, ours) for ours, theirs in pairs)


def _rename(key: str, parts: Pairs, block: Pairs) -> str | None:
    for source, target in parts:
        rest = key.removeprefix(source)
        if rest == key:
            continue
        if rest in ('', '.weight', '.bias'):
            return target + rest
        if found := BLOCK.fullmatch(rest):
            inner = _rename(found[2], block, ())
            return inner and f'{target}.{found[1]}.{inner}'
    return None
