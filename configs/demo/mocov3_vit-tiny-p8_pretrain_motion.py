# python tools/train.py configs/demo/mocov3_vit-tiny-p8_pretrain_motion.py
# Like videomae_vit-tiny-p8_pretrain_motion.py, whose clips it needs, but by contrast.
# Cost: 1,160 updates of two views of 16 videos on two CPU cores.
# Paper: nothing; epochs are 300 / 800 of the other's, as in VideoMAE Table 3. Views are not
#   mirrored, since the classes are directions, and crops keep a third of the frame to show motion.
_base_ = [
    '../_base_/datasets/motion_pretrain.py',
    '../_base_/schedules/adamw_mocov3.py',
    '../_base_/moving_average_runtime.py',
]

model = dict(
    type='MoCoV3',
    backbone=dict(
        type='VideoMAEViT',
        arch=dict(embed_dims=96, depth=4, num_heads=3),
        img_size=32,
        patch_size=8,
        num_frames=8,
        out_type='avg',
    ),
    projector=dict(type='NormalizedMLP', hidden_dims=384, out_dims=64),
    predictor=dict(type='NormalizedMLP', hidden_dims=384, out_dims=64, num_layers=2),
    momentum=dict(start=0.99, end=1.0, shape='cosine'),
    data_preprocessor=dict(type='VideoMAEDataPreprocessor'),
)
train_dataloader = dict(
    dataset=dict(
        pipeline=dict(
            augment=dict(
                transforms=dict(
                    _delete_=True,
                    crop=dict(type='ClipRandomResizedCrop', size=32, scale=(0.33, 1.0)),
                    colours=dict(type='ClipColorViews'),
                )
            )
        )
    )
)
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=1.0))
param_scheduler = dict(warmup=1)
train_cfg = dict(max_epochs=11)
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=5, max_keep_ckpts=1),
)
