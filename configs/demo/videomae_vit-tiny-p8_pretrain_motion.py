# python tools/data/synthesize.py actions data/motion --difficulty crowd --classes 4 --size 40 \
#     --frames 20 --clips 416 --splits 0.0385 0 0.9615 --unlabelled 1248
# python tools/train.py configs/demo/videomae_vit-tiny-p8_pretrain_motion.py
# Cost: 2,370 updates of 16 videos x 2 views.
# Paper: nothing; the masks are V1's tubes, and 0.75 is its ratio for small data. docs/claims.md
#   describes the scenes that are needed for this to teach motion.
_base_ = [
    '../_base_/models/videomae_vit-tiny-p8.py',
    '../_base_/datasets/motion_pretrain.py',
    '../_base_/schedules/adamw_pretrain.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(optimizer=dict(lr=3e-3), clip_grad=dict(max_norm=1.0))
param_scheduler = dict(warmup=3, eta_min_ratio=0.01)
train_cfg = dict(max_epochs=30)
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=5, max_keep_ckpts=1),
)
