"""Check that weights with our names form a complete network."""

import re
from collections.abc import Iterable, Iterator

from mmvideomae.checkpoints.detector_gaps import detector_gaps
from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.names import Weights, both, has_part, is_known, numbered

PATCH_EMBED = 'backbone.patch_embed.proj.weight'
FORMER_EMBED = 'backbone.embd.0.conv.weight'
CODE_EMBED = 'backbone.cls_embed'
FOREIGN = 'backbone.model.'
"""The beginning of names of an encoder of another library, which has its own names."""
DETECTOR = 'detector.'
"""Before the names of a temporal detector that is trained together with an encoder."""
GATHER = (
    'of DeepSpeed ZeRO-3 or FSDP, whose weights are spread over many files. Merge them (for '
    'DeepSpeed with "python zero_to_fp32.py FOLDER OUT", a script that it writes beside them) '
    'and give the file in OUT'
)

_POOLER = 'cls_head.pooler'
_BLOCKS = ('backbone.blocks', 'neck.blocks', f'{_POOLER}.blocks')
_LAYERS_OF_A_BLOCK = ('norm1', 'attn.proj', 'norm2', 'mlp.fc1', 'mlp.fc2')
# A block has all of these, or all blocks of a part have none.
_OPTIONS_OF_A_BLOCK = (
    ('attn.q_bias', 'attn.v_bias'),
    ('attn.qkv.bias',),
    ('gamma_1', 'gamma_2'),
)
# If one of these exists, it has a weight and a bias.
_LAYERS = (
    *('backbone.patch_embed.proj', 'backbone.norm', 'backbone.fc_norm', 'neck.norm'),
    *('head.proj', 'cls_head.fc_cls', 'roi_head.bbox_head.fc_cls'),
)
_LAYERS_OF_A_POOLER = tuple(
    f'{_POOLER}.cross.{name}' for name in ('norm1', 'q', 'kv', 'norm2', 'mlp.fc1', 'mlp.fc2')
)
_DECODER = ('neck.mask_token', 'neck.embed.weight', 'neck.norm.weight', 'head.proj.weight')
# The part after an encoder takes its tokens, or their mean, from one of its two norms.
_NORM_BEFORE = {
    'neck.blocks.': 'backbone.norm',
    'cls_head.fc_cls.': 'backbone.fc_norm',
    'roi_head.bbox_head.fc_cls.': 'backbone.norm',
}


def require_whole(state_dict: Weights) -> None:
    """Check that every block and layer has all of its tensors, blocks from number 0 on.

    A whole part, such as a head, may be missing.  Tensors with other names are ignored.
    The network is VideoMAE's, V-JEPA 2's, VIMPAC's, a temporal detector, or VideoMAE's with one;
    one with an encoder of another library is not checked.

    Raises:
        CheckpointError: A tensor, which the message names, is missing or empty.
    """
    require_values(state_dict)
    if has_part(state_dict, FOREIGN):
        return
    former = FORMER_EMBED in state_dict
    if former:
        gaps = detector_gaps(state_dict)
    else:
        gaps = _code_gaps(state_dict) if CODE_EMBED in state_dict else _gaps(state_dict)
    if missing := [key for key in dict.fromkeys(gaps) if key not in state_dict]:
        said = f'the checkpoint lacks {some(missing)}' if former else f'{some(missing)} missing'
        raise CheckpointError(f'the weights are incomplete: {said}')


def added_to_encoder(found: Weights, expected: Weights) -> list[str]:
    """Weights of modules that the model adds to a VideoMAE encoder, such as adapters.

    A module is added if no block in the weights has it; if only some blocks have it, the
    weights are incomplete.
    """
    if PATCH_EMBED not in expected:
        return []
    present = {_NUMBER.sub('.*', key.rpartition('.')[0]) for key in found}
    return [
        key
        for key in expected
        if key.startswith('backbone.')
        and not is_known(key)
        and _NUMBER.sub('.*', key.rpartition('.')[0]) not in present
    ]


_NUMBER = re.compile(r'\.\d+')


def require_values(state_dict: Weights) -> None:
    """Check that no tensor is a placeholder.

    Raises:
        CheckpointError: Some are; the message names them.
    """
    empty = [key for key, value in state_dict.items() if value.is_meta or not value.numel()]
    if empty:
        raise CheckpointError(
            f'{len(empty)} of {len(state_dict)} tensors are empty ({some(empty, 3)}), as in a '
            f'part of a checkpoint {GATHER}'
        )


def _gaps(state: Weights) -> Iterator[str]:
    """Names that a VideoMAE or V-JEPA 2 network with the parts of this state must have."""
    pooled = has_part(state, f'{_POOLER}.')
    # Released attentive classifiers are files of their own, without the encoder.
    alone = pooled and not has_part(state, 'backbone.')
    if not alone:
        yield PATCH_EMBED
    if pooled:
        yield from (f'{_POOLER}.query', *both(_LAYERS_OF_A_POOLER), *both(['cls_head.fc_cls']))
    for part in _BLOCKS:
        blocks = numbered(state, part)
        optional = [
            name
            for names in _OPTIONS_OF_A_BLOCK
            if _any(blocks, part, state, names)
            for name in names
        ]
        names = ['attn.qkv.weight', *both(_LAYERS_OF_A_BLOCK), *optional]
        _require_same_shapes(state, part, blocks, names)
        yield from (f'{part}.{number}.{name}' for number in blocks for name in names)
    present = [layer for layer in _LAYERS if has_part(state, f'{layer}.')]
    yield from both(present)
    if has_part(state, ('neck.mask_token', 'neck.embed.', 'neck.blocks.')):
        yield from _DECODER[:3]
        # A head with another name does not predict pixels.
        if not has_part(state, 'head.'):
            yield from both(['head.proj'])
    normed = alone or {'backbone.norm', 'backbone.fc_norm'} & set(present)
    for part, norm in _NORM_BEFORE.items():
        if has_part(state, part) and not normed:
            yield from both([norm])
    if 'head.proj' in present:
        yield from _DECODER
    if has_part(state, DETECTOR):
        detector = {key.removeprefix(DETECTOR) for key in state if key.startswith(DETECTOR)}
        yield from (DETECTOR + key for key in detector_gaps(detector))


def _code_gaps(state: Weights) -> Iterator[str]:
    """Names that a VIMPAC with the parts of this state must have."""
    yield from (CODE_EMBED, 'backbone.embedding.weight')
    yield from (f'backbone.pos_embed.{axis}' for axis in ('cls', 'time', 'height', 'width'))
    pre_norm = has_part(state, 'backbone.ln_post.')
    yield from both(['backbone.ln_post' if pre_norm else 'backbone.ln_pre'])
    layers = ['mlp.fc1', 'mlp.fc2', 'mlp_norm']
    for number, parts in enumerate(code_attentions(state)):
        layers += [f'attns.{number}.proj', f'attn_norms.{number}']
        layers += [f'attns.{number}.qkv.{part}' for part in range(parts)]
    for number in range(max(1, len(numbered(state, 'backbone.blocks')))):
        yield from both(f'backbone.blocks.{number}.{layer}' for layer in layers)
    if has_part(state, 'head.transform.'):
        yield from (*both(['head.transform.0', 'head.transform.2']), 'head.bias')
    if has_part(state, 'cls_head.fc_cls.'):
        yield from both(['cls_head.fc_cls'])
    norms = len(numbered(state, 'contrast.mlp.bn', '_'))
    count = max(len(numbered(state, 'contrast.mlp.linear', '_')), norms and norms + 1)
    for number in range(count):
        layer, norm = f'contrast.mlp.linear_{number}', f'contrast.mlp.bn_{number}'
        yield f'{layer}.weight'
        if number + 1 < count:
            yield from (f'{layer}.bias', *both([norm]))
            yield from (f'{norm}.running_mean', f'{norm}.running_var')


def code_attentions(state: Weights) -> list[int]:
    """For each attention of a VIMPAC layer, the number that run in parallel."""
    blocks = numbered(state, 'backbone.blocks')
    places = [f'backbone.blocks.{number}.attns' for number in blocks]
    count = max((len(numbered(state, place)) for place in places), default=1)
    return [
        max((len(numbered(state, f'{place}.{number}.qkv')) for place in places), default=1)
        for number in range(count)
    ]


def _require_same_shapes(state: Weights, part: str, blocks: range, names: Iterable[str]) -> None:
    for name in names:
        shapes = {
            tuple(state[key].shape): key
            for number in reversed(blocks)
            if (key := f'{part}.{number}.{name}') in state
        }
        if len(shapes) > 1:
            told = [f'{key} is {shape}' for shape, key in shapes.items()]
            raise CheckpointError(f'its blocks differ in their shapes: {", ".join(told[-2:])}')


def _any(blocks: range, part: str, state: Weights, names: Iterable[str]) -> bool:
    return any(f'{part}.{number}.{name}' in state for number in blocks for name in names)
