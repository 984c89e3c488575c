# The released V1 script of ViT-H trains a decoder of 12 blocks; the paper says 4 for every encoder.
# Width 640 is half the encoder's; V2 uses 512, so V1 and V2 decoders of ViT-H are incompatible.
_base_ = 'videomae_vit-base-p16.py'

model = dict(
    backbone=dict(arch='huge', with_cp=True),
    neck=dict(in_dims=1280, embed_dims=640, depth=12, num_heads=8, with_cp=True),
    head=dict(in_dims=640),
)
