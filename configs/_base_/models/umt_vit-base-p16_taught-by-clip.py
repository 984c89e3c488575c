# ViT-B that learns the last six layers of CLIP's image encoder from the tokens that the latter
# attends to (UMT, stage 1). timm downloads CLIP ViT-B/16 of OpenAI (MIT).
model = dict(
    type='BranchedPretrainer',
    data_preprocessor=dict(type='VideoMAEDataPreprocessor'),
    backbone=dict(
        type='VideoMAEViT',
        arch='base',
        img_size=224,
        patch_size=16,
        num_frames=8,
        tubelet_size=1,
        drop_path_rate=0.1,
    ),
    targets=dict(
        clip=dict(
            type='LatentTarget',
            teacher=dict(
                type='TimmFrameBackbone',
                name='vit_base_patch16_clip_quickgelu_224.openai',
                pretrained=True,
                keep_head=True,
            ),
            layers=(-6, -5, -4, -3, -2, -1),
            through=('model.norm', 'model.head'),
            normalise='l2',
            mean=(122.771, 116.746, 104.094),
            std=(68.501, 66.632, 70.323),
        ),
    ),
    branches=dict(
        clip=dict(
            target='clip',
            tokens='visible',
            layers=(-6, -5, -4, -3, -2, -1),
            through=('norm',),
            neck=dict(type='VisibleTokens', embed_dims=768, grid_size=(8, 14, 14)),
            head=dict(
                type='LayerHead',
                in_dims=768,
                layer_dims=512,
                num_layers=6,
                loss='cosine',
                norm=True,
            ),
        ),
    ),
    masker=dict(type='AttentionMasker', target='clip', ratio=0.8),
)
