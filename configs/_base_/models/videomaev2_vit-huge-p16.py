# V2 keeps the decoder at 4 blocks of width 512 from ViT-L upwards.
_base_ = 'videomae_vit-huge-p16.py'

model = dict(
    neck=dict(embed_dims=512, depth=4),
    head=dict(in_dims=512),
)
