_base_ = 'videomae_vit-base-p16.py'

model = dict(
    backbone=dict(arch='small'),
    neck=dict(in_dims=384, embed_dims=192, num_heads=3),
    head=dict(in_dims=192),
)
