# ViT-L with rotary positions that predicts, under two masks of each clip, the features of its own
# moving average (V-JEPA 2).
model = dict(
    type='TwoMaskPretrainer',
    data_preprocessor=dict(type='VideoMAEDataPreprocessor'),
    backbone=dict(
        type='VJEPA2ViT',
        arch='large',
        img_size=256,
        patch_size=16,
        num_frames=16,
        with_cp=True,
    ),
    neck=dict(type='VJEPA2Predictor', in_dims=1024, embed_dims=384, depth=12, num_heads=12),
    head=dict(type='ReconstructionHead', in_dims=384, out_dims=1024, loss='l1'),
    target=dict(type='LatentTarget', momentum=0.99925, normalise='layer', eps=1e-5),
)
