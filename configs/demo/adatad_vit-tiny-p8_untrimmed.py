# Segments in synthetic untrimmed videos, end to end from the frames; the encoder starts from masked
# pre-training, its weights stay frozen, and adapters in it learn with the detector:
# python tools/data/synthesize.py untrimmed data/untrimmed --difficulty crowd
# python tools/train.py configs/demo/videomae_vit-tiny-p8_pretrain_motion.py, and
# python tools/train.py configs/demo/adatad_vit-tiny-p8_untrimmed.py
_base_ = [
    '../_base_/models/adatad.py',
    '../_base_/datasets/untrimmed_windows.py',
    '../_base_/schedules/adamw_adatad.py',
    '../_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(num_frames=160, step_at_start=False),
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=96, depth=4, num_heads=3),
        img_size=32,
        patch_size=8,
        num_frames=8,
        drop_path_rate=0.0,
    ),
    clip_len=8,
    clips_per_pass=20,
    detector=dict(
        backbone=dict(embed_dims=64, num_heads=2, arch=(2, 2, 3), max_seq_len=160),
        neck=dict(in_channels=64, num_levels=4),
        cls_head=dict(num_classes=4, in_channels=64, hidden_channels=64),
        reg_head=dict(in_channels=64, hidden_channels=64, num_levels=4),
        loss=dict(init_normaliser=50.0),
        regression_ranges=((0, 4), (4, 8), (8, 16), (16, 10000)),
        test_cfg=dict(duration_thresh=0.05),
    ),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(warmup=2, end=15, eta_min_ratio=1e-3)
train_cfg = dict(max_epochs=15, val_begin=15)
# With so few updates, the average must follow the weights closely.
custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.02)]
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(checkpoint=dict(interval=15, max_keep_ckpts=1))
load_from = 'work_dirs/videomae_vit-tiny-p8_pretrain_motion/epoch_30.pth'
