"""mmpretrain's MAE of single images."""

from mmvideomae.checkpoints.formats.image_mae import DECODER, ONLY_OF_IMAGES
from mmvideomae.checkpoints.formats.layout import Layout
from mmvideomae.checkpoints.names import same

LAYOUT = Layout(
    name='mmpretrain',
    title='mmpretrain MAE',
    markers=('layers.0.ln1.weight', 'backbone.layers.0.ln1.weight'),
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
        *same(['attn.qkv', 'attn.proj']),
        ('mlp.fc1', 'ffn.layers.0.0'),
        ('mlp.fc2', 'ffn.layers.1'),
    ),
    prefixes=('backbone.',),
    dropped=(*ONLY_OF_IMAGES, (r'neck\..*', DECODER)),
)
