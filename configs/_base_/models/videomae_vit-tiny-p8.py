# A network that trains in minutes on two CPU cores: clips of 8 frames of 32x32 pixels.
model = dict(
    type='VideoMAE',
    backbone=dict(
        type='VideoMAEViT',
        arch=dict(embed_dims=96, depth=4, num_heads=3),
        img_size=32,
        patch_size=8,
        num_frames=8,
    ),
    neck=dict(
        type='MAEDecoder', in_dims=96, embed_dims=96, depth=2, num_heads=3, grid_size=(4, 4, 4)
    ),
    # Plain pixels, so that pictures of reconstructions need no statistics of the original; as a
    # target, normalised cubes teach these clips' motion much better (docs/claims.md, Targets).
    head=dict(type='PixelReconstructionHead', in_dims=96, patch_size=8, normalise='none'),
    data_preprocessor=dict(type='VideoMAEDataPreprocessor'),
)
