# make demo VIDEOS=/path/to/videos
# or: VIDEO_DIR=/path/to/videos \
#     python tools/train.py configs/demo/videomae_vit-tiny-p8_pretrain_own-videos.py
# Cost: minutes on two CPU cores; clips of 16 frames of 64x64 pixels. It shows that pre-training
#   runs on your videos, with reconstructions; useful features require the recipes in
#   configs/pretrain/.
# Plain pixels are predicted, so that pictures need no statistics of the original.
_base_ = [
    '../_base_/datasets/custom_pretrain.py',
    '../_base_/schedules/adamw_pretrain.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='VideoMAE',
    backbone=dict(
        type='VideoMAEViT',
        arch=dict(embed_dims=128, depth=4, num_heads=4),
        img_size=64,
        patch_size=8,
    ),
    neck=dict(
        type='MAEDecoder', in_dims=128, embed_dims=96, depth=2, num_heads=3, grid_size=(8, 8, 8)
    ),
    head=dict(type='PixelReconstructionHead', in_dims=96, patch_size=8, normalise='none'),
    data_preprocessor=dict(type='VideoMAEDataPreprocessor'),
)

train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    dataset=dict(
        pipeline=dict(
            sample=dict(stride=2),
            augment=dict(
                num_repeats=4, transforms=dict(crop=dict(size=64), mask=dict(grid_size=(8, 8, 8)))
            ),
        )
    ),
)
optim_wrapper = dict(optimizer=dict(lr=2e-3), clip_grad=dict(max_norm=1.0))
param_scheduler = dict(warmup=1, eta_min_ratio=0.01, from_zero=False)
train_cfg = dict(max_epochs=20)
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(checkpoint=dict(interval=5, max_keep_ckpts=1))
