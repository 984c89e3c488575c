# Like videomae_vit-tiny-p8_pretrain_motion.py, but predicting histograms of oriented gradients
# instead of pixels:
# python tools/train.py configs/demo/hog_vit-tiny-p8_pretrain_motion.py
# Cost: 2,370 updates of 16 videos x 2 views; minutes on two CPU cores.
# Paper: nothing; the target is MaskFeat's, with V1's masks and decoder.
_base_ = [
    '../_base_/models/videomae_vit-tiny-p8.py',
    '../_base_/datasets/motion_pretrain.py',
    '../_base_/schedules/adamw_pretrain.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='MaskedPretrainer',
    # One cell of 8 x 8 pixels, 3 colours and 9 orientations.
    head=dict(_delete_=True, type='ReconstructionHead', in_dims=96, out_dims=27),
    target=dict(type='HOGTarget'),
)
optim_wrapper = dict(optimizer=dict(lr=3e-3), clip_grad=dict(max_norm=1.0))
param_scheduler = dict(warmup=3, eta_min_ratio=0.01)
train_cfg = dict(max_epochs=30)
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=5, max_keep_ckpts=1),
)
