"""MAE-ST, MAE of space and time with learned positions."""

from torch import Tensor

from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.checkpoints.formats.layout import POSITIONS, Layout
from mmvideomae.checkpoints.names import BLOCK_NAMES, ENCODER, same

_SPACE, _TIME = 'pos_embed_spatial', 'pos_embed_temporal'


class MaeStLayout(Layout):
    def settle(self, weights: dict[str, Tensor], notes: list[str]) -> None:
        tables = [weights.pop(key) for key in (_SPACE, _TIME) if key in weights]
        if len(tables) == 1:
            raise CheckpointError(f'{self.title}: spatial or temporal positions are missing')
        if tables:
            space, time = tables
            weights[POSITIONS] = (time[:, :, None] + space[:, None]).flatten(1, 2)
        if 'cls_head.fc_cls.weight' in weights:
            # As a classifier, it applies its last norm to the mean of the tokens.
            for key in [key for key in weights if key.startswith('backbone.norm.')]:
                weights[key.replace('norm', 'fc_norm')] = weights.pop(key)


LAYOUT = MaeStLayout(
    name='mae-st',
    title='MAE-ST (facebookresearch/mae_st)',
    markers=('blocks.0.attn.q.weight',),
    parts=ENCODER,
    block=BLOCK_NAMES + same(['attn.q', 'attn.k', 'attn.v']),
    dropped=(
        (r'cls_token|pos_embed_class', 'our models have no class token, so outputs differ'),
        (
            r'mask_token|decoder_.*',
            'a decoder with learned positions, a class token and a biased embedding',
        ),
    ),
    kept=(_SPACE, _TIME),
)
