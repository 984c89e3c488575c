# Segments in your own untrimmed videos, explained in docs/localization.md:
# NUM_CLASSES=4 python tools/train.py configs/demo/actionformer_vit-tiny-p8_own-videos.py
# For features of another network, set FEATURE_WIDTH, FEATURE_STRIDE and FEATURE_DIR.
# Length, ranges and windows suit videos of up to 768 steps; tools/data/analyze_segments.py
# proposes them for yours.
# Cost: 30 passes over the training videos; minutes on two CPU cores for a hundred of them.
_base_ = [
    '../_base_/models/actionformer.py',
    '../_base_/datasets/own_features.py',
    '../_base_/schedules/adamw_localization.py',
    '../_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(max_seq_len=768),
    backbone=dict(
        in_channels=_base_.feature_width,
        embed_dims=128,
        arch=(2, 2, 4),
        windows=9,
        max_seq_len=768,
    ),
    neck=dict(in_channels=128, num_levels=5),
    cls_head=dict(num_classes=_base_.num_classes, in_channels=128, hidden_channels=128),
    reg_head=dict(in_channels=128, hidden_channels=128, num_levels=5),
    loss=dict(init_normaliser=50.0),
    regression_ranges=((0, 4), (4, 8), (8, 16), (16, 32), (32, 10000)),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(warmup=3, eta_min_ratio=1e-3, from_zero=False)
train_cfg = dict(max_epochs=30, val_begin=1, val_interval=5)
# With so few updates, the average must follow the weights closely.
custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.02)]
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(
    checkpoint=dict(interval=30, max_keep_ckpts=1, save_best='segment/mAP', rule='greater')
)
