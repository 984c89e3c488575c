# ViT-L.
_base_ = 'recognizer_vit-base-p16.py'

model = dict(backbone=dict(arch='large'))
