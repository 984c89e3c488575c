# V-JEPA 2 ViT-H with the attentive classifier of its evaluations.
_base_ = 'vjepa2_vit-large.py'

model = dict(backbone=dict(arch='huge'))
