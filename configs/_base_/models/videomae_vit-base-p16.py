# ViT-B with the decoder of the paper: 4 blocks of half the encoder's width (VideoMAE Table 8).
model = dict(
    type='VideoMAE',
    data_preprocessor=dict(
        type='VideoMAEDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
    ),
    backbone=dict(
        type='VideoMAEViT',
        arch='base',
        img_size=224,
        patch_size=16,
        num_frames=16,
        tubelet_size=2,
    ),
    neck=dict(
        type='MAEDecoder',
        in_dims=768,
        embed_dims=384,
        depth=4,
        num_heads=6,
        mlp_ratio=4.0,
        grid_size=(8, 14, 14),
    ),
    head=dict(
        type='PixelReconstructionHead',
        in_dims=384,
        patch_size=16,
        frames_per_token=2,
        loss='mse',
        normalise='per_channel',
    ),
    target='clip',
    loss_on='invisible',
)
