"""Ways to make an encoder without labels, and the claims that compare them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MASK = 'train_dataloader.dataset.pipeline.augment.transforms.mask'
_GRID = (4, 4, 4)


def _masked(kind: str, ratio: float) -> dict[str, Any]:
    return {f'{_MASK}.encoder': {'type': kind, 'ratio': ratio}}


def _decoded(kind: str, ratio: float) -> dict[str, Any]:
    return {f'{_MASK}.decoder': {'type': kind, 'ratio': ratio}}


def _wide(width: int, heads: int) -> dict[str, dict[str, Any]]:
    arch = {'model.backbone.arch.embed_dims': width, 'model.backbone.arch.num_heads': heads}
    return {'pretrain': {**arch, 'model.neck.in_dims': width}, 'classifier': arch}


def _frames(count: int) -> dict[str, dict[str, Any]]:
    grid = (count // 2, *_GRID[1:])
    sizes = {
        'model.backbone.num_frames': count,
        'train_dataloader.dataset.pipeline.sample.clip_len': count,
    }
    tests = {
        f'{name}_dataloader.dataset.pipeline.sample.clip_len': count for name in ('val', 'test')
    }
    return {
        'pretrain': {**sizes, 'model.neck.grid_size': grid, f'{_MASK}.grid_size': grid},
        'classifier': {**sizes, **tests},
    }


@dataclass(frozen=True)
class Arm:
    """A way to make an encoder, by default that of ``configs/demo``.

    Args:
        name: For tables.
        share: Of the epochs of pre-training.
        method: Of the config, ``METHOD_vit-tiny-p8_pretrain_motion.py``.
        teacher: The arm whose encoder is the target.
        fewer: Pre-train on one of so many clips, as often in an epoch.
        others: Share of the clips of pre-training that are of another kind.
        labelled_first: Learn the labels of other clips, with more classes, before the few labels.
        pretrain: Entries of the config of pre-training by their dotted keys.
        classifier: Entries of the config of the classifier.
        encoder_of: The arm whose encoder this one shares.
    """

    name: str
    share: float = 1.0
    method: str = 'videomae'
    teacher: str = ''
    fewer: int = 1
    others: float = 0.0
    labelled_first: bool = False
    pretrain: Mapping[str, Any] = field(default_factory=dict)
    classifier: Mapping[str, Any] = field(default_factory=dict)
    encoder_of: str = ''


ARMS = {
    'pixels': Arm('pixels'),
    'half': Arm('pixels, half of the epochs', share=1 / 2),
    'latent': Arm(
        'pixels, then features of that network', share=1 / 2, method='latent', teacher='half'
    ),
    'contrast': Arm('contrast', share=300 / 800, method='mocov3'),
    'pixels_few': Arm('pixels, an eighth of the clips', fewer=8),
    'contrast_few': Arm(
        'contrast, an eighth of the clips', share=300 / 800, method='mocov3', fewer=8
    ),
    'lora': Arm(
        'pixels, fine-tuned by LoRA',
        classifier={'model.backbone.peft': {'type': 'LoRA', 'rank': 8}},
        encoder_of='pixels',
    ),
    'random75': Arm('random masks, 75 %', pretrain=_masked('RandomMask', 0.75)),
    'frame75': Arm('frame masks, 75 %', pretrain=_masked('FrameMask', 0.75)),
    'tube50': Arm('tubes, 50 %', pretrain=_masked('TubeMask', 0.5)),
    'tube88': Arm('tubes, 88 %', pretrain=_masked('TubeMask', 0.875)),
    'tube94': Arm('tubes, 94 %', pretrain=_masked('TubeMask', 0.9375)),
    'cell50': Arm('half decoded, running cells', pretrain=_decoded('RunningCellMask', 0.5)),
    'frame50': Arm('half decoded, frames', pretrain=_decoded('FrameMask', 0.5)),
    'all_outputs': Arm(
        'half decoded, loss on all outputs',
        pretrain={**_decoded('RunningCellMask', 0.5), 'model.loss_on': 'all_outputs'},
    ),
    'quarter': Arm('pixels, a quarter of the epochs', share=1 / 4),
    'depth1': Arm('decoder of 1 block', pretrain={'model.neck.depth': 1}),
    'depth4': Arm('decoder of 4 blocks', pretrain={'model.neck.depth': 4}),
    'normalised': Arm('normalised cubes', pretrain={'model.head.normalise': 'per_channel'}),
    'l1': Arm('L1 loss', pretrain={'model.head.loss': 'l1'}),
    'centre': Arm(
        'the centre frame',
        pretrain={'model.target': 'centre', 'model.head.frames_per_token': 1},
    ),
    'elsewhere': Arm('clips of another kind', others=1.0),
    'mixed': Arm('half of the clips of another kind', others=0.5),
    'narrow': Arm('width 48', **_wide(48, 3)),
    'wide': Arm('width 144', **_wide(144, 6)),
    'frames4': Arm('4 frames', **_frames(4)),
    'labelled_first': Arm(
        'pixels, then labels of a mixture of classes', labelled_first=True, encoder_of='pixels'
    ),
}

CLAIMS = {
    'latent': ('pixels', 'latent'),
    'contrast': ('pixels', 'contrast', 'pixels_few', 'contrast_few'),
    'lora': ('pixels', 'lora'),
    'masks': ('pixels', 'random75', 'frame75'),
    'ratios': ('pixels', 'tube50', 'tube88', 'tube94'),
    'dual': ('pixels', 'cell50', 'frame50', 'all_outputs'),
    'schedule': ('quarter', 'half', 'pixels'),
    'decoder': ('depth1', 'pixels', 'depth4'),
    'targets': ('pixels', 'normalised', 'l1', 'centre'),
    'domain': ('pixels', 'mixed', 'elsewhere'),
    'size': ('narrow', 'pixels', 'wide'),
    'frames': ('frames4', 'pixels'),
    'progressive': ('pixels', 'labelled_first'),
}
"""The arms that each claim compares; 'pixels' is what the others are compared with."""
