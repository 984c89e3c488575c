"""mmaction2's VideoMAE recognizers and detectors."""

from mmvideomae.checkpoints.formats.layout import Layout
from mmvideomae.checkpoints.names import Q_V, same

LAYOUT = Layout(
    name='mmaction2',
    title='mmaction2',
    markers=('backbone.blocks.0.mlp.layers.0.0.weight',),
    parts=(
        ('backbone.patch_embed.proj', 'backbone.patch_embed.projection'),
        *same(['backbone.pos_embed', 'backbone.blocks', 'backbone.norm', 'backbone.fc_norm']),
        ('cls_head.fc_cls', 'cls_head.fc_cls'),
    ),
    block=(
        *same(['norm1', 'norm2', 'attn.qkv', 'attn.proj', 'gamma_1', 'gamma_2']),
        *Q_V,
        ('mlp.fc1', 'mlp.layers.0.0'),
        ('mlp.fc2', 'mlp.layers.1'),
    ),
    kept=('roi_head.',),
    writable=True,
)
