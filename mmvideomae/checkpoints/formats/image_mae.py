"""ImageMAE, a model of single images."""

from mmvideomae.checkpoints.formats.layout import Layout
from mmvideomae.checkpoints.formats.videomae import official_kernel
from mmvideomae.checkpoints.names import BLOCK_NAMES, ENCODER, Weights

ONLY_OF_IMAGES = (
    ('cls_token', 'our models have no class token'),
    ('pos_embed', 'positions of an image; ours are the sinusoid over space and time'),
)
DECODER = 'an image decoder; ours reconstructs cubes of a clip'


class ImageMaeLayout(Layout):
    def matches(self, state: Weights) -> bool:
        kernel = official_kernel(state)
        return kernel is not None and kernel.ndim == 4


LAYOUT = ImageMaeLayout(
    name='image-mae',
    title='ImageMAE (facebookresearch/mae)',
    parts=ENCODER,
    block=BLOCK_NAMES,
    dropped=(*ONLY_OF_IMAGES, (r'mask_token|decoder_.*', DECODER)),
)
