"""Files of the official code: VideoMAE, VideoMAE V2 and VideoMAE-Action-Detection."""

from torch import Tensor

from mmvideomae.checkpoints.formats import ours
from mmvideomae.checkpoints.formats.layout import Layout
from mmvideomae.checkpoints.names import BLOCK_NAMES, ENCODER, Q_V, Weights

_PREFIXES = ('encoder.', 'backbone.')


def official_kernel(state: Weights) -> Tensor | None:
    """The patch embedding of a network with the official names, with any prefix."""
    for prefix in ('', *_PREFIXES):
        kernel = state.get(f'{prefix}patch_embed.proj.weight')
        if kernel is not None and f'{prefix}blocks.0.attn.qkv.weight' in state:
            return kernel
    return None


class OfficialLayout(Layout):
    def matches(self, state: Weights) -> bool:
        kernel = official_kernel(state)
        return kernel is not None and kernel.ndim != 4 and not ours.LAYOUT.matches(state)

    def settle(self, weights: dict[str, Tensor], notes: list[str]) -> None:
        # A detector classifies boxes by features of normalised tokens; a classifier has fc_norm,
        # which normalises the tokens' mean.
        head = {f'cls_head.fc_cls.{leaf}' for leaf in ('weight', 'bias')}
        detector = head | {'backbone.norm.weight'} <= weights.keys()
        if detector and 'backbone.fc_norm.weight' not in weights:
            for key in head:
                weights[key.replace('cls_head', 'roi_head.bbox_head')] = weights.pop(key)
            note = 'the head follows the norm of every token, so it is that of an action detector'
            notes.append(note)

    def prefix(self, key: str, state: Weights) -> str:
        encoder = key.startswith('backbone.')
        return 'encoder.' if encoder and 'neck.mask_token' in state else ''


LAYOUT = OfficialLayout(
    name='videomae',
    title='official VideoMAE, V1 or V2',
    parts=(
        *ENCODER,
        ('neck.embed', 'encoder_to_decoder'),
        ('neck.mask_token', 'mask_token'),
        ('neck.blocks', 'decoder.blocks'),
        ('neck.norm', 'decoder.norm'),
        ('head.proj', 'decoder.head'),
        # For writing; a file's `head` is read as a classifier's, see `settle`.
        ('roi_head.bbox_head.fc_cls', 'head'),
    ),
    block=BLOCK_NAMES + Q_V,
    prefixes=_PREFIXES,
    dropped=((r'.*relative_position_index', 'an index table, not a weight'),),
    writable=True,
    wrapped_in='model',
)
