"""Files of the official V-JEPA 2: pre-trained networks, and attentive classifiers."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmvideomae.checkpoints.completeness import require_whole
from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.formats.layout import Conversion, Layout, contiguous
from mmvideomae.checkpoints.names import BLOCK_NAMES, Weights, canonical_order, same
from mmvideomae.storage import replacing

_ENCODER, _PREDICTOR, _CLASSIFIER = 'target_encoder.', 'predictor.', 'classifier.'
# Entries with an encoder, best first: evaluations use its moving average.
_ENCODERS = ('ema_encoder', 'target_encoder', 'encoder')
# The network of each name in a state dict of one network.
_STARTS = {
    ('patch_embed.', 'blocks.', 'norm.', 'pos_embed'): _ENCODER,
    ('predictor_', 'mask_tokens.'): _PREDICTOR,
    ('pooler.', 'linear.'): _CLASSIFIER,
}
_VERSION_2_1 = ('ema_encoder.', 'norms_block.', 'img_mod_embed', 'patch_embed_img.')
_MASK_TOKENS = f'{_PREDICTOR}mask_tokens.'


def joint_state(content: Mapping[str, Any]) -> dict[str, Tensor] | None:
    """One state dict for a file that keeps its networks apart; None for other files.

    Names begin with that of the network.

    Raises:
        CheckpointError: There are several classifiers to choose from.
    """
    nets = {}
    if encoders := [name for name in _ENCODERS if isinstance(content.get(name), Mapping)]:
        name = 'target_encoder' if encoders[0] == 'encoder' else encoders[0]
        nets[f'{name}.'] = content[encoders[0]]
    if isinstance(content.get('predictor'), Mapping):
        nets[_PREDICTOR] = content['predictor']
    if classifiers := content.get('classifiers'):
        if len(classifiers) > 1:
            raise CheckpointError(
                f'the file has {len(classifiers)} classifiers, one for each learning rate and '
                'weight decay: write one that has a list of only the best of them'
            )
        nets[_CLASSIFIER] = classifiers[0]
    found = {
        prefix + key.removeprefix('module.').removeprefix('backbone.'): value
        for prefix, net in nets.items()
        for key, value in net.items()
    }
    ends = ('.patch_embed.proj.weight', '.pooler.query_tokens')
    return found if any(key.endswith(ends) for key in found) else None


class VJEPA2Layout(Layout):
    """What the layouts of V-JEPA 2 share: biases of the keys, and parts that are files alone."""

    def to_ours(self, state: Weights, tubelet_size: int = 2) -> Conversion:
        weights, dropped = self._renamed(state)
        notes: list[str] = []
        self.settle(weights, notes)
        require_whole(weights)
        ordered = OrderedDict((key, weights[key]) for key in sorted(weights, key=canonical_order))
        return Conversion(ordered, self.name, tuple(dropped), tuple(notes))


class OfficialVJEPA2Layout(VJEPA2Layout):
    def matches(self, state: Weights) -> bool:
        if super().matches(state):
            return True
        kernel = state.get('patch_embed.proj.weight')
        return (
            kernel is not None
            and kernel.ndim == 5
            and 'blocks.0.attn.qkv.bias' in state
            and all(_net(key) == _ENCODER for key in state)
        )

    def to_ours(self, state: Weights, tubelet_size: int = 2) -> Conversion:
        if newer := [key for key in state if any(mark in key for mark in _VERSION_2_1)]:
            raise CheckpointError(
                f'this is V-JEPA 2.1, whose positions, norms and embeddings differ from those of '
                f'V-JEPA 2, which is supported: it has {some(newer, 3)}'
            )
        return super().to_ours({_net(key) + key: state[key] for key in state}, tubelet_size)

    def settle(self, weights: dict[str, Tensor], notes: list[str]) -> None:
        tokens = sorted(
            (key for key in weights if key.startswith(_MASK_TOKENS)),
            key=lambda key: int(key.removeprefix(_MASK_TOKENS)),
        )
        if tokens:
            weights['neck.mask_token'] = torch.cat([weights.pop(key) for key in tokens])

    def pieces(self, state: Weights) -> Weights:
        out: dict[str, Tensor] = {}
        for key, value in state.items():
            if key == 'neck.mask_token':
                for number, token in enumerate(value):
                    out[f'{_MASK_TOKENS}{number}'] = token[None]
            else:
                out[key] = value
        return out

    def save(self, state: Weights, path: Path, config: Mapping[str, Any] | None) -> list[Path]:
        weights = contiguous(self.from_ours(state))
        content: dict[str, Any] = {}
        for net, inner in ((_ENCODER, 'backbone.'), (_PREDICTOR, 'backbone.'), (_CLASSIFIER, '')):
            found = {
                f'module.{inner}{key.removeprefix(net)}': value
                for key, value in weights.items()
                if key.startswith(net)
            }
            if found:
                content[net[:-1]] = found
        if _ENCODER[:-1] in content:
            content['encoder'] = content[_ENCODER[:-1]]
        if _CLASSIFIER[:-1] in content:
            content['classifiers'] = [content.pop(_CLASSIFIER[:-1])]
        with replacing(path) as temporary, temporary.open('wb') as file:
            torch.save(content, file)
        return [path]


def _net(key: str) -> str:
    """The network to which a name without one belongs, as a prefix; '' if it is not known."""
    return next((net for starts, net in _STARTS.items() if key.startswith(starts)), '')


LAYOUT = OfficialVJEPA2Layout(
    name='vjepa2',
    title='official V-JEPA 2',
    markers=(
        *(f'{name}.patch_embed.proj.weight' for name in _ENCODERS[:2]),
        f'{_CLASSIFIER}pooler.query_tokens',
        'pooler.cross_attention_block.xattn.q.weight',
        'norms_block.0.weight',
    ),
    parts=(
        ('backbone.patch_embed.proj', f'{_ENCODER}patch_embed.proj'),
        ('backbone.blocks', f'{_ENCODER}blocks'),
        ('backbone.norm', f'{_ENCODER}norm'),
        ('neck.blocks', f'{_PREDICTOR}predictor_blocks'),
        ('neck.norm', f'{_PREDICTOR}predictor_norm'),
        ('neck.embed', f'{_PREDICTOR}predictor_embed'),
        ('head.proj', f'{_PREDICTOR}predictor_proj'),
        ('cls_head.fc_cls', f'{_CLASSIFIER}linear'),
        ('cls_head.pooler.query', f'{_CLASSIFIER}pooler.query_tokens'),
        ('cls_head.pooler.blocks', f'{_CLASSIFIER}pooler.blocks'),
        *(
            (f'cls_head.pooler.cross.{ours}', f'{_CLASSIFIER}pooler.cross_attention_block.{theirs}')
            for ours, theirs in (
                *(('q', 'xattn.q'), ('kv', 'xattn.kv')),
                *same(['norm1', 'norm2', 'mlp.fc1', 'mlp.fc2']),
            )
        ),
    ),
    block=BLOCK_NAMES,
    dropped=((rf'{_ENCODER}pos_embed', 'a table that is not used: positions are rotary'),),
    kept=(_MASK_TOKENS,),
    writable=True,
    key_biases=True,
)
