# ViT-H, with activation checkpointing.
_base_ = 'recognizer_vit-base-p16.py'

model = dict(backbone=dict(arch='huge', with_cp=True))
