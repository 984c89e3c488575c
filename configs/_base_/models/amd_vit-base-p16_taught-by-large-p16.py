# ViT-B that learns pixels and, from a VideoMAE ViT-L that sees more of the clip, the features of
# two layers: of tokens that both see, and of those that only the teacher sees (AMD).
teacher_layers = (12, 24)
model = dict(
    type='BranchedPretrainer',
    data_preprocessor=dict(type='VideoMAEDataPreprocessor'),
    backbone=dict(
        type='VideoMAEViT',
        arch='base',
        img_size=224,
        patch_size=16,
        num_frames=16,
        tubelet_size=2,
    ),
    targets=dict(
        pixels=dict(type='PixelTarget'),
        teacher=dict(
            type='LatentTarget',
            teacher=dict(
                type='VideoMAEViT',
                arch='large',
                img_size=224,
                patch_size=16,
                num_frames=16,
                init_cfg=dict(
                    type='Pretrained',
                    checkpoint='work_dirs/videomae_vit-large-p16_64xb8-16x4x1-1600e_kinetics400/'
                    'epoch_1600.pth',
                ),
            ),
            layers=teacher_layers,
            normalise='none',
        ),
    ),
    branches=dict(
        pixels=dict(
            target='pixels',
            neck=dict(
                type='MAEDecoder',
                in_dims=768,
                embed_dims=384,
                depth=4,
                num_heads=6,
                grid_size=(8, 14, 14),
            ),
            head=dict(type='ReconstructionHead', in_dims=384, out_dims=1536),
        ),
        align=dict(
            target='teacher',
            tokens='visible',
            layers=(6, 12),
            neck=dict(type='VisibleTokens', positions=False),
            head=dict(type='LayerHead', in_dims=768, layer_dims=1024, num_layers=2),
        ),
        generate=dict(
            target='teacher',
            tokens='teacher_only',
            neck=dict(
                type='MAEDecoder',
                in_dims=768,
                embed_dims=1024,
                depth=2,
                num_heads=16,
                grid_size=(8, 14, 14),
            ),
            head=dict(type='ReconstructionHead', in_dims=1024, out_dims=2048),
        ),
    ),
)
