# ViT-H, with activation checkpointing.
_base_ = 'detector_vit-base-p16.py'

model = dict(
    backbone=dict(arch='huge', with_cp=True), roi_head=dict(bbox_head=dict(in_channels=1280))
)
