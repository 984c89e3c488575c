"""Names of tensors, from those of a file layout to ours and back.

They pass through an intermediate form: ours, but with the biases and weights of query, key and
value apart (``attn.q.weight``) or joint (``attn.qkv.bias``) as the layout has them;
`formats.layout` then brings them into our form.
"""

import re
from collections.abc import Iterable, Mapping
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
)
BLOCK = re.compile(r'\.(\d+)\.(.+)')


def same(names: Iterable[str]) -> Pairs:
    """Names that are the same on both sides."""
    return tuple((name, name) for name in names)


# What most layouts share, as timm's ViT has it.
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

    ``parts`` pairs ours with theirs; where two of theirs stand for one of ours, the first is
    written.  Both end before ``.weight``, ``.bias`` or the number of a block; ``block`` pairs the
    names inside a block.
    """

    parts: Pairs = ()
    block: Pairs = ()
    prefixes: tuple[str, ...] = ()
    """What may stand before the encoder's names, or not."""
    dropped: Pairs = ()
    """Patterns of tensors that the layout is known to have and we have no place for; reasons."""
    kept: tuple[str, ...] = ()
    """Beginnings of names that are the same in ours."""

    def strip(self, key: str) -> str:
        """Take off the optional prefix."""
        prefix = next(filter(key.startswith, self.prefixes), '')
        return key.removeprefix(prefix)

    def our_key(self, key: str) -> str | None:
        """Our name, or the intermediate one, of a stripped name of theirs; None if unknown."""
        if key.startswith(self.kept):
            return key
        return _rename(key, _turned(self.parts), _turned(self.block))

    def their_key(self, key: str) -> str | None:
        """Their name of an intermediate name; None if they have no such tensor."""
        return key if key.startswith(self.kept) else _rename(key, self.parts, self.block)

    def reason_to_drop(self, key: str) -> str | None:
        """Why a stripped name has no place in ours, or None."""
        found = (reason for pattern, reason in self.dropped if re.fullmatch(pattern, key))
        return next(found, None)


def canonical_order(key: str) -> tuple[int, int, int, str]:
    """Sorts names as our models' state dicts do: weights before biases."""
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
    """Whether a plain VideoMAE network may have a tensor of this name of ours."""
    return _rename(key, same(PART_ORDER), same(BLOCK_ORDER)) is not None


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
