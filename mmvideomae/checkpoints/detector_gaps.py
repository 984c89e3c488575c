"""What the weights of a temporal detector must have: ActionFormer, TriDet or DyFADet."""

import re
from collections.abc import Collection, Iterator

from mmvideomae.checkpoints.names import both, has_part, numbered

_BLOCKS = ('backbone.stem', 'backbone.branch')
_LEVELS = ('neck.fpn_norms', 'neck.lateral_convs', 'neck.fpn_convs', 'reg_head.scale')
# Layers of a block of ActionFormer, each with a weight and a bias.
_FORMER_LAYERS = (
    *('ln1', 'ln2', 'mlp.0', 'mlp.3'),
    *(f'attn.{part}' for part in ('query', 'key', 'value', 'proj')),
    *(f'attn.{part}_norm' for part in ('query', 'key', 'value')),
)
_FORMER_CONVOLUTIONS = tuple(f'attn.{part}_conv.conv.weight' for part in ('query', 'key', 'value'))
# All blocks have both, or none has either.
_FORMER_SCALES = ('drop_path_attn.scale', 'drop_path_mlp.scale')
# Layers of a block of TriDet and DyFADet; only its strided blocks have scales, both or none.
_SGP_LAYERS = ('ln', 'gn', 'psi', 'convw', 'convkw', 'fc', 'global_fc', 'mlp.0', 'mlp.2')
_SGP_SCALES = ('drop_path_out.scale', 'drop_path_mlp.scale')
# Hidden layers of the heads of DyFADet.
_DYNAMIC_LAYERS = (
    *(f'depth_module.{layer}' for layer in ('conv', 'norm')),
    *(f'depth_module.kernel_conv.{layer}' for layer in ('convs.0', 'convs.1', 'gate.gate_conv')),
    *(f'dynamic_convs.{n}.{layer}' for n in '01' for layer in ('conv', 'norm')),
    *(f'dynamic_convs.{n}.kernel_conv.gate_conv' for n in '01'),
)
_DYNAMIC_WEIGHTS = ('scale_weight', 'output_weight')
_OUTPUTS = {
    'cls_head': 'cls_head.conv',
    'reg_head': 'offset_head.conv',
    'reg_head.start': 'cls_head.conv',
    'reg_head.end': 'cls_head.conv',
}


def detector_gaps(state: Collection[str]) -> Iterator[str]:
    """Names that a detector with the parts of these names must have."""
    yield from _blocks(state)
    levels = max(len(numbered(state, part)) for part in _LEVELS)
    levels = max(levels, 1 + len(numbered(state, 'backbone.branch')))
    for part in sorted({match[1] for key in state if (match := re.match(r'(.+?)\.\d+\.', key))}):
        start = len(part) + 1
        inner = {key[start:].partition('.')[2] for key in state if key.startswith(f'{part}.')}
        numbers = range(levels) if part in _LEVELS else numbered(state, part)
        yield from (f'{part}.{number}.{name}' for number in numbers for name in sorted(inner))
    if has_part(state, 'neck.'):
        yield from both(f'neck.fpn_norms.{number}' for number in range(levels))
    if has_part(state, 'reg_head.'):
        yield from (f'reg_head.scale.{number}.scale' for number in range(levels))
    yield from _stack(state, 'backbone.embd', 'backbone.embd_norm')
    trident = has_part(state, ('reg_head.start.', 'reg_head.end.'))
    for head, output in _OUTPUTS.items():
        if has_part(state, f'{head}.') or (trident and head.startswith('reg_head.')):
            yield from both([f'{head}.{output}'])
            yield from _hidden(state, head)


def _blocks(state: Collection[str]) -> Iterator[str]:
    inner = {match[1] for key in state if (match := re.match(r'backbone\.\w+\.\d+\.(.+)', key))}
    sgp = bool(inner.intersection(set(both(_SGP_LAYERS)) - set(both(_FORMER_LAYERS))))
    layers = _SGP_LAYERS if sgp else _FORMER_LAYERS
    scales = _SGP_SCALES if sgp else _FORMER_SCALES
    for part in _BLOCKS:
        names = [*both(layers), *(() if sgp else _FORMER_CONVOLUTIONS)]
        if inner.intersection(scales) and not (sgp and part == 'backbone.stem'):
            names += scales
        for number in numbered(state, part):
            yield from (f'{part}.{number}.{name}' for name in names)


def _hidden(state: Collection[str], head: str) -> Iterator[str]:
    numbers = numbered(state, f'{head}.head')
    layers = [*both(_DYNAMIC_LAYERS), *_DYNAMIC_WEIGHTS]
    if any(f'{head}.head.{number}.{name}' in state for number in numbers for name in layers):
        yield from (f'{head}.head.{number}.{name}' for number in numbers for name in layers)
    else:
        yield from _stack(state, f'{head}.head', f'{head}.norm')


def _stack(state: Collection[str], convolutions: str, norms: str) -> Iterator[str]:
    """Convolutions, each followed by a norm."""
    numbers = range(max(len(numbered(state, part)) for part in (convolutions, norms)))
    yield from (f'{convolutions}.{number}.conv.weight' for number in numbers)
    if has_part(state, f'{norms}.'):
        yield from both(f'{norms}.{number}' for number in numbers)
