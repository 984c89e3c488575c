# As with ViT-B, but with the encoder of ViT-L and the decoders that MVD gives it.
_base_ = 'mvd_vit-base-p16_taught-by-large-p16.py'

branch = dict(neck=dict(in_dims=1024, embed_dims=512, depth=4, num_heads=8), head=dict(in_dims=512))
model = dict(backbone=dict(arch='large'), branches=dict(image=branch, video=branch))
