# ViT-L that predicts the output of a frozen ViT-L, which has learned pixels under the same masks
# (SALT). Both have the rotary positions and the predictor of V-JEPA 2.
backbone = dict(type='VJEPA2ViT', arch='large', img_size=224, patch_size=16, num_frames=16)
model = dict(
    type='TwoMaskPretrainer',
    data_preprocessor=dict(type='VideoMAEDataPreprocessor'),
    backbone=backbone,
    neck=dict(type='VJEPA2Predictor', in_dims=1024, embed_dims=384, depth=12, num_heads=12),
    head=dict(type='ReconstructionHead', in_dims=384, out_dims=1024, loss='l1'),
    target=dict(
        type='LatentTarget',
        teacher=dict(
            init_cfg=dict(
                type='Pretrained',
                checkpoint='work_dirs/salt_vit-large-p16_96xb32-16x4x1-34e_v36m_pixels/epoch_34.pth',
            ),
            **backbone,
        ),
        normalise='none',
    ),
)
