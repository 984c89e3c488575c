# Like videomae_vit-tiny-p8_pretrain_motion.py, but predicting the features of that network, frozen,
# instead of pixels, after it was trained:
# python tools/train.py configs/demo/latent_vit-tiny-p8_pretrain_motion.py
# Cost: 2,370 updates of 16 videos x 2 views on two CPU cores.
# Paper: nothing; a frozen teacher of pixels and the L1 loss are SALT's, masks and decoder V1's.
_base_ = [
    '../_base_/models/videomae_vit-tiny-p8.py',
    '../_base_/datasets/motion_pretrain.py',
    '../_base_/schedules/adamw_pretrain.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='MaskedPretrainer',
    head=dict(_delete_=True, type='ReconstructionHead', in_dims=96, out_dims=96, loss='l1'),
    target=dict(
        type='LatentTarget',
        teacher=dict(
            type='VideoMAEViT',
            arch=dict(embed_dims=96, depth=4, num_heads=3),
            img_size=32,
            patch_size=8,
            num_frames=8,
            init_cfg=dict(
                type='Pretrained',
                checkpoint='work_dirs/videomae_vit-tiny-p8_pretrain_motion/epoch_30.pth',
            ),
        ),
    ),
)
optim_wrapper = dict(optimizer=dict(lr=3e-3), clip_grad=dict(max_norm=1.0))
param_scheduler = dict(warmup=3, eta_min_ratio=0.01)
train_cfg = dict(max_epochs=30)
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=5, max_keep_ckpts=1),
    collapse=dict(type='FeatureCollapseHook'),
)
