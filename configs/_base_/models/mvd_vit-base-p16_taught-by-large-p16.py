# ViT-B that predicts the last features of an image and a video ViT-L (MVD). Weights of the
# teachers:
# - the image MAE of ImageNet-1k, which timm downloads (CC-BY-NC 4.0)
# - the run of VideoMAE that the path names, or the released file of that recipe
decoder = dict(
    type='MAEDecoder', in_dims=768, embed_dims=768, depth=2, num_heads=12, grid_size=(8, 14, 14)
)
head = dict(type='ReconstructionHead', in_dims=768, out_dims=1024, loss='smooth_l1')
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
        drop_path_rate=0.1,
    ),
    targets=dict(
        image=dict(
            type='LatentTarget',
            teacher=dict(
                type='TimmFrameBackbone', name='vit_large_patch16_224.mae', pretrained=True
            ),
            layers=(-1,),
            normalise='none',
            frame_stride=2,
        ),
        video=dict(
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
            layers=(-1,),
            normalise='none',
        ),
    ),
    branches=dict(
        image=dict(target='image', neck=decoder, head=head),
        video=dict(target='video', neck=decoder, head=head),
    ),
)
