# ViT-S, with 6 heads.
_base_ = 'detector_vit-base-p16.py'

model = dict(backbone=dict(arch='small'), roi_head=dict(bbox_head=dict(in_channels=384)))
