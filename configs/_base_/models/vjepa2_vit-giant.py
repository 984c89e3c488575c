# V-JEPA 2 ViT-g with the attentive classifier of its evaluations. The encoder has 22 attention
# heads and the classifier 16; Hugging Face's conversions of the classifier use 22 there too.
_base_ = 'vjepa2_vit-large.py'

model = dict(backbone=dict(arch='giant'))
