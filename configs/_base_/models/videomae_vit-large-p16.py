# The released V1 script of ViT-L trains a decoder of 12 blocks; the paper says 4 for every encoder.
_base_ = 'videomae_vit-base-p16.py'

model = dict(
    backbone=dict(arch='large'),
    neck=dict(in_dims=1024, embed_dims=512, depth=12, num_heads=8),
    head=dict(in_dims=512),
)
