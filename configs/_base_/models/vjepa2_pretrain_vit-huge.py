# ViT-H of V-JEPA 2's pre-training.
_base_ = 'vjepa2_pretrain_vit-large.py'

model = dict(
    backbone=dict(arch='huge'),
    neck=dict(in_dims=1280),
    head=dict(out_dims=1280),
)
