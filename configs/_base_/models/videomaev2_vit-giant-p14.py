# ViT-g: 40 blocks of width 1408, patches of 14 pixels (VideoMAE V2 Table 7).
# The released code gives the decoder the encoder's ratio 48/11, hence int(512 * 48 / 11) = 2234
# hidden units; Table 7 prints 2048.
_base_ = 'videomae_vit-base-p16.py'

model = dict(
    backbone=dict(arch='giant', patch_size=14, with_cp=True),
    neck=dict(
        in_dims=1408,
        embed_dims=512,
        num_heads=8,
        mlp_ratio=48 / 11,
        grid_size=(8, 16, 16),
        with_cp=True,
    ),
    head=dict(in_dims=512, patch_size=14),
)
