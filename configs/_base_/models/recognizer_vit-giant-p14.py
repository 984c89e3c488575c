# ViT-g of VideoMAE V2, patches of 14 pixels, with activation checkpointing.
_base_ = 'recognizer_vit-base-p16.py'

model = dict(backbone=dict(arch='giant', patch_size=14, with_cp=True))
