# Segments in synthetic untrimmed videos, from features of the demo's classifier:
# python tools/data/synthesize.py untrimmed data/untrimmed --difficulty crowd
# then features of data/untrimmed/videos into data/untrimmed/features, with
# tools/misc/extract_features.py and the weights of videomae_vit-tiny-p8_finetune_motion.py, and
# python tools/train.py configs/demo/actionformer_vit-tiny-p8_untrimmed.py
# Stride and window of the features are read from their sidecars. Length, ranges and windows suit
# features of every 2nd frame; tools/data/analyze_segments.py proposes them for other data.
# Cost: 15 passes over 60 videos; a few minutes on two CPU cores.
_base_ = [
    '../_base_/models/actionformer.py',
    '../_base_/datasets/untrimmed_features.py',
    '../_base_/schedules/adamw_localization.py',
    '../_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(max_seq_len=320),
    backbone=dict(
        in_channels=96, embed_dims=64, num_heads=2, arch=(2, 2, 3), windows=9, max_seq_len=320
    ),
    neck=dict(in_channels=64, num_levels=4),
    cls_head=dict(num_classes=4, in_channels=64, hidden_channels=64),
    reg_head=dict(in_channels=64, hidden_channels=64, num_levels=4),
    loss=dict(init_normaliser=50.0),
    regression_ranges=((0, 4), (4, 8), (8, 16), (16, 10000)),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(warmup=2, eta_min_ratio=1e-3)
train_cfg = dict(max_epochs=15, val_begin=15)
# With so few updates, the average must follow the weights closely.
custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.02)]
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(checkpoint=dict(interval=15, max_keep_ckpts=1))
