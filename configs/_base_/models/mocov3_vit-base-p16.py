# ViT-B with the projector and the predictor of MoCo v3 on the mean of its tokens.
model = dict(
    type='MoCoV3',
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
        out_type='avg',
        with_cp=True,
    ),
    projector=dict(type='NormalizedMLP', hidden_dims=4096, out_dims=256, num_layers=3),
    predictor=dict(type='NormalizedMLP', hidden_dims=4096, out_dims=256, num_layers=2),
    momentum=dict(start=0.99, end=1.0, shape='cosine'),
    temperature=0.2,
)
