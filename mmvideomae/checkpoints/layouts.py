"""How each format names the parts of the network, once for reading and writing.

Names of tensors pass through an intermediate form: ours, but with the biases and weights of
query, key and value apart (``attn.q.weight``) or joint (``attn.qkv.bias``) as the format has them;
`conversion` then brings them into our form.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

Pairs = tuple[tuple[str, str], ...]
# The order of our models' own state dicts, inside a block and outside.
BLOCK_ORDER = (
    'gamma_1',
    'gamma_2',
    'norm1',
    'attn.q_bias',
    'attn.v_bias',
    'attn.qkv',
    'attn.proj',
    'norm2',
    'mlp.fc1',
    'mlp.fc2',
)
PART_ORDER = (
    'backbone.pos_embed',
    'backbone.patch_embed.proj',
    'backbone.blocks',
    'backbone.norm',
    'backbone.fc_norm',
    'neck.mask_token',
    'neck.blocks',
    'neck.norm',
    'neck.embed',
    'head.proj',
    'cls_head.fc_cls',
    'roi_head.bbox_head.fc_cls',
)
BLOCK = re.compile(r'\.(\d+)\.(.+)')


@dataclass(frozen=True)
class Layout:
    """The names of one format.

    ``parts`` pairs ours with theirs; where two of theirs stand for one of ours, the first is
    written.  Both end before ``.weight``, ``.bias`` or the number of a block; ``block`` pairs the
    names inside a block.
    """

    title: str
    parts: Pairs
    block: Pairs
    prefixes: tuple[str, ...] = ()
    """What may stand before the encoder's names, or not."""
    dropped: Pairs = ()
    """Patterns of tensors that the format is known to have and we have no place for; reasons."""
    kept: tuple[str, ...] = ()
    """Beginnings of names that are the same in ours."""

    def strip(self, key: str) -> str:
        """Take off the optional prefix."""
        for prefix in self.prefixes:
            if key.startswith(prefix):
                return key.removeprefix(prefix)
        return key

    def to_ours(self, key: str) -> str | None:
        """Our name, or the intermediate one, of a stripped name of theirs; None if unknown."""
        if key.startswith(self.kept or ('\0',)):
            return key
        return _rename(key, _turned(self.parts), _turned(self.block))

    def from_ours(self, key: str) -> str | None:
        """Their name of an intermediate name; None if they have no such tensor."""
        if key.startswith(self.kept or ('\0',)):
            return key
        return _rename(key, self.parts, self.block)

    def reason_to_drop(self, key: str) -> str | None:
        """Why a stripped name has no place in ours, or None."""
        for pattern, reason in self.dropped:
            if re.fullmatch(pattern, key):
                return reason
        return None


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
    return _rename(key, _same(PART_ORDER), _same(BLOCK_ORDER)) is not None


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


def _same(names: Iterable[str]) -> Pairs:
    return tuple((name, name) for name in names)


_BLOCK_NAMES = _same(
    ['norm1', 'norm2', 'attn.qkv', 'attn.proj', 'mlp.fc1', 'mlp.fc2', 'gamma_1', 'gamma_2']
)
_Q_V = _same(['attn.q_bias', 'attn.v_bias'])
_ENCODER: Pairs = (
    ('backbone.patch_embed.proj', 'patch_embed.proj'),
    ('backbone.pos_embed', 'pos_embed'),
    ('backbone.blocks', 'blocks'),
    ('backbone.norm', 'norm'),
    ('backbone.fc_norm', 'fc_norm'),
    ('cls_head.fc_cls', 'head'),
)
_IMAGE = 'an image model has it, ours has no class token'
_IMAGE_POSITIONS = 'positions of an image; ours are the sinusoid over space and time'
_IMAGE_DECODER = 'an image decoder; ours reconstructs cubes of a clip'

LAYOUTS = {
    'ours': Layout(
        'mmvideomae',
        parts=_same(PART_ORDER),
        block=_BLOCK_NAMES + _Q_V,
        kept=('backbone.', 'neck.', 'head.proj.', 'cls_head.', 'roi_head.'),
    ),
    'videomae': Layout(
        'official VideoMAE, V1 or V2',
        parts=(
            *_ENCODER,
            ('neck.embed', 'encoder_to_decoder'),
            ('neck.mask_token', 'mask_token'),
            ('neck.blocks', 'decoder.blocks'),
            ('neck.norm', 'decoder.norm'),
            ('head.proj', 'decoder.head'),
            # Written; a file's `head` is read as a classifier's, see `conversion.to_ours`.
            ('roi_head.bbox_head.fc_cls', 'head'),
        ),
        block=_BLOCK_NAMES + _Q_V,
        prefixes=('encoder.', 'backbone.'),
        dropped=((r'.*relative_position_index', 'an index table, not a weight'),),
    ),
    'hf': Layout(
        'Hugging Face transformers, VideoMAE',
        parts=(
            ('backbone.patch_embed.proj', 'embeddings.patch_embeddings.projection'),
            ('backbone.blocks', 'encoder.layer'),
            ('backbone.norm', 'layernorm'),
            ('backbone.fc_norm', 'fc_norm'),
            ('cls_head.fc_cls', 'classifier'),
            ('neck.embed', 'encoder_to_decoder'),
            ('neck.mask_token', 'mask_token'),
            ('neck.blocks', 'decoder.decoder_layers'),
            ('neck.norm', 'decoder.norm'),
            ('head.proj', 'decoder.head'),
        ),
        block=(
            ('norm1', 'layernorm_before'),
            ('norm2', 'layernorm_after'),
            ('attn.q', 'attention.attention.query'),
            ('attn.k', 'attention.attention.key'),
            ('attn.v', 'attention.attention.value'),
            # transformers before 5.6; since then query.bias and value.bias.
            ('attn.q_bias', 'attention.attention.q_bias'),
            ('attn.v_bias', 'attention.attention.v_bias'),
            ('attn.proj', 'attention.output.dense'),
            ('mlp.fc1', 'intermediate.dense'),
            ('mlp.fc2', 'output.dense'),
        ),
        prefixes=('videomae.',),
        dropped=((r'(embeddings\.)?position_embeddings', 'the fixed sinusoid, computed here'),),
    ),
    'mmaction2': Layout(
        'mmaction2',
        parts=(
            ('backbone.patch_embed.proj', 'backbone.patch_embed.projection'),
            ('backbone.pos_embed', 'backbone.pos_embed'),
            ('backbone.blocks', 'backbone.blocks'),
            ('backbone.norm', 'backbone.norm'),
            ('backbone.fc_norm', 'backbone.fc_norm'),
            ('cls_head.fc_cls', 'cls_head.fc_cls'),
        ),
        block=(
            *_same(['norm1', 'norm2', 'attn.qkv', 'attn.proj', 'gamma_1', 'gamma_2']),
            *_Q_V,
            ('mlp.fc1', 'mlp.layers.0.0'),
            ('mlp.fc2', 'mlp.layers.1'),
        ),
        kept=('roi_head.',),
    ),
    'mae-st': Layout(
        'MAE-ST (facebookresearch/mae_st)',
        parts=_ENCODER,
        block=_BLOCK_NAMES + _same(['attn.q', 'attn.k', 'attn.v']),
        dropped=(
            (r'cls_token|pos_embed_class', 'ours has no class token, so that outputs differ'),
            (
                r'mask_token|decoder_.*',
                'a decoder with learned positions, a class token and a biased embedding',
            ),
        ),
    ),
    'image-mae': Layout(
        'ImageMAE (facebookresearch/mae)',
        parts=_ENCODER,
        block=_BLOCK_NAMES,
        dropped=(
            ('cls_token', _IMAGE),
            ('pos_embed', _IMAGE_POSITIONS),
            (r'mask_token|decoder_.*', _IMAGE_DECODER),
        ),
    ),
    'actionformer': Layout(
        'ActionFormer',
        parts=(),
        block=(),
        # Ours has the released names, and the normaliser of the loss besides.
        kept=('backbone.', 'neck.', 'cls_head.', 'reg_head.'),
    ),
    'mmpretrain': Layout(
        'mmpretrain MAE',
        parts=(
            ('backbone.patch_embed.proj', 'patch_embed.projection'),
            ('backbone.blocks', 'layers'),
            ('backbone.norm', 'ln1'),
            ('backbone.fc_norm', 'ln2'),
            ('cls_head.fc_cls', 'head.fc'),
            ('cls_head.fc_cls', 'head.layers.head'),
        ),
        block=(
            ('norm1', 'ln1'),
            ('norm2', 'ln2'),
            ('attn.qkv', 'attn.qkv'),
            ('attn.proj', 'attn.proj'),
            ('mlp.fc1', 'ffn.layers.0.0'),
            ('mlp.fc2', 'ffn.layers.1'),
        ),
        prefixes=('backbone.',),
        dropped=(
            ('cls_token', _IMAGE),
            ('pos_embed', _IMAGE_POSITIONS),
            (r'neck\..*', _IMAGE_DECODER),
        ),
    ),
}
"""By the name that `detect` gives."""
