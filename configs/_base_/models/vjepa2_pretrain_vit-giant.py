# ViT-g of V-JEPA 2's pre-training.
_base_ = 'vjepa2_pretrain_vit-large.py'

model = dict(
    backbone=dict(arch='giant'),
    neck=dict(in_dims=1408),
    head=dict(out_dims=1408),
)
