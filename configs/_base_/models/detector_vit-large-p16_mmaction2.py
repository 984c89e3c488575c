# ViT-L.
_base_ = 'detector_vit-base-p16_mmaction2.py'

model = dict(backbone=dict(arch='large'), roi_head=dict(bbox_head=dict(in_channels=1024)))
