# ViT-S, with 6 heads.
_base_ = 'recognizer_vit-base-p16.py'

model = dict(backbone=dict(arch='small'))
