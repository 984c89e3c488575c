# The teacher of SALT: ViT-L with rotary positions that predicts pixels (its stage 1, V-Pixel).
_base_ = 'salt_vit-large-p16.py'

model = dict(
    head=dict(out_dims=1536),
    target=dict(_delete_=True, type='PixelTarget'),
)
