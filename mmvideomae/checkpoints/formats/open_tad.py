"""OpenTAD's ActionFormer, TriDet and DyFADet: on features, or with a VideoMAE trained for them."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmvideomae.checkpoints.completeness import DETECTOR, PATCH_EMBED, require_whole
from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.checkpoints.formats import mmaction2
from mmvideomae.checkpoints.formats.action_former import (
    LOSS_NORMALISER,
    SHIFTS,
    require_shifts,
    shifts,
)
from mmvideomae.checkpoints.formats.layout import POSITIONS, Conversion, Layout, contiguous
from mmvideomae.checkpoints.names import Pairs, Weights
from mmvideomae.ops.positions import sinusoid_table
from mmvideomae.storage import replacing

ENCODER = 'backbone.model.'
"""Before mmaction2's names of an encoder."""


def _tower(ours: str, theirs: str, head: str, output: str) -> Pairs:
    """Our names and theirs for the layers of a head; # is a number."""
    layers, their_layers = f'{ours}.head.#', f'rpn_head.{theirs}_convs.#'
    weights, their_weights = (f'{x}.depth_module.kernel_conv' for x in (layers, their_layers))
    mixer = ('depth_module', 'dynamic_convs', 'scale_weight', 'output_weight')
    return (
        (f'{layers}.conv', f'{their_layers}.conv'),
        (f'{ours}.norm.#', f'{their_layers}.norm'),
        (f'{weights}.convs.0', f'{their_weights}.conv'),
        (f'{weights}.convs.1', f'{their_weights}.norm'),
        *((f'{layers}.{part}', f'{their_layers}.{part}') for part in mixer),
        (f'{ours}.{output}.conv', f'rpn_head.{head}'),
    )


_DETECTOR: Pairs = (
    ('backbone.embd.#.conv', 'projection.embed.#.conv'),
    ('backbone.embd_norm.#', 'projection.embed.#.norm'),
    ('backbone.stem', 'projection.stem'),
    ('backbone.branch', 'projection.branch'),
    ('neck.fpn_norms', 'neck.fpn_norms'),
    *_tower('cls_head', 'cls', 'cls_head', 'cls_head'),
    *_tower('reg_head', 'reg', 'reg_head', 'offset_head'),
    *_tower('reg_head.start', 'cls_start', 'cls_start_head', 'cls_head'),
    *_tower('reg_head.end', 'cls_end', 'cls_end_head', 'cls_head'),
    ('reg_head.scale', 'rpn_head.scale'),
    (LOSS_NORMALISER, 'rpn_head.loss_normalizer'),
)
# Norms over channels: (1, C, 1) in our models, (C,) in theirs.
_NORM = re.compile(
    r'.*\.(ln[12]?|norm(\.\d+)?|\w+_norm|embd_norm\.\d+|fpn_norms\.\d+|kernel_conv\.convs\.1)'
    r'\.(weight|bias)'
)
# OpenTAD builds its position table for clips of 16 frames of 224 x 224 pixels, and stores it.
_SLOTS, _SIDE = 8, 224


class OpenTADLayout(Layout):
    def our_key(self, key: str) -> str | None:
        if key.startswith(ENCODER):
            return super().our_key(key)
        renamed = _renamed(key, [(theirs, ours) for ours, theirs in _DETECTOR])
        return renamed and DETECTOR + renamed

    def their_key(self, key: str) -> str | None:
        if not key.startswith(DETECTOR):
            return super().their_key(key)
        return _renamed(key.removeprefix(DETECTOR), _DETECTOR)

    def to_ours(self, state: Weights, tubelet_size: int = 2) -> Conversion:
        require_shifts(state)
        if any(key.startswith(ENCODER) for key in state):
            return super().to_ours(state, tubelet_size)
        weights, dropped = self._renamed(state)
        self.settle(weights, [])
        alone = OrderedDict((key.removeprefix(DETECTOR), weights[key]) for key in weights)
        require_whole(alone)
        return Conversion(alone, self.name, tuple(dropped))

    def settle(self, weights: dict[str, Tensor], notes: list[str]) -> None:
        for key, value in weights.items():
            if key.startswith(DETECTOR) and _NORM.fullmatch(key):
                weights[key] = value[None, :, None]
        if (count := weights.get(DETECTOR + LOSS_NORMALISER)) is not None:
            weights[DETECTOR + LOSS_NORMALISER] = count.float()  # an integer before training

    def pieces(self, state: Weights) -> Weights:
        whole = PATCH_EMBED in state
        if whole and POSITIONS not in state:
            width, patch = state[PATCH_EMBED].shape[0], state[PATCH_EMBED].shape[-1]
            table = sinusoid_table(_SLOTS * (_SIDE // patch) ** 2, width)
            state = {POSITIONS: table[None].clone(), **state}
        if not whole:
            state = {DETECTOR + key: value for key, value in state.items()}
        if DETECTOR + LOSS_NORMALISER not in state:
            raise CheckpointError(
                f'{self.title} needs a temporal detector with {LOSS_NORMALISER}, as training here '
                'saves it'
            )
        theirs = {
            key: value.flatten() if key.startswith(DETECTOR) and _NORM.fullmatch(key) else value
            for key, value in state.items()
        }
        return theirs | shifts(state)

    def save(self, state: Weights, path: Path, config: Mapping[str, Any] | None) -> list[Path]:
        # Their tools read the moving average or, by the config, the last weights, both of a model
        # that is wrapped for several devices.
        weights = {f'module.{key}': v for key, v in contiguous(self.from_ours(state)).items()}
        content = {'epoch': 0, 'state_dict': weights, 'state_dict_ema': weights}
        with replacing(path) as temporary, temporary.open('wb') as file:
            torch.save(content, file)
        return [path]


def _renamed(key: str, pairs: Any) -> str | None:
    for source, target in pairs:
        pattern = re.escape(source).replace(r'\#', r'(\d+)') + r'(\..+)?'
        if found := re.fullmatch(pattern, key):
            *number, rest = found.groups()
            return target.replace('#', number[0] if number else '') + (rest or '')
    return None


LAYOUT = OpenTADLayout(
    name='opentad',
    title='OpenTAD',
    markers=('projection.embed.0.conv.weight',),
    parts=tuple((ours, ENCODER + theirs) for ours, theirs in mmaction2.LAYOUT.parts),
    block=(
        *mmaction2.LAYOUT.block,
        ('adapter.gamma', 'adapter.gamma'),
        ('adapter.depthwise', 'adapter.dwconv'),
        ('adapter.pointwise', 'adapter.conv'),
        ('adapter.down', 'adapter.down_proj'),
        ('adapter.up', 'adapter.up_proj'),
    ),
    dropped=(
        (r'backbone\.model\.cls_head\..+', "the classifier of the encoder's first training"),
        SHIFTS,
    ),
    writable=True,
)
