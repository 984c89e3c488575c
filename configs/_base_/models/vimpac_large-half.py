# 24 layers of width 1024 with attention and MLP of half the width, and a larger contrastive head.
_base_ = 'vimpac_small.py'

model = dict(
    backbone=dict(arch='large-half'),
    contrast=dict(hidden_dims=4096, num_layers=3),
)
