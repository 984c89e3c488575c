# ViT-g of VideoMAE V2, patches of 14 pixels, with activation checkpointing.
_base_ = 'detector_vit-base-p16.py'

model = dict(
    backbone=dict(arch='giant', patch_size=14, drop_path_rate=0.3, with_cp=True),
    roi_head=dict(
        bbox_roi_extractor=dict(stride=14),
        bbox_head=dict(in_channels=1408),
    ),
    data_preprocessor=dict(pad_divisor=14),
)
