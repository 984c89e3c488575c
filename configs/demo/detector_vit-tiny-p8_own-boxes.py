# An action detector for your own videos on a CPU, explained in docs/detection.md:
# python tools/data/ava/init.py boxes.csv data/boxes --videos FOLDER
# python tools/train.py data/boxes/config.py
# Cost: minutes on two CPU cores.
_base_ = [
    '../_base_/models/detector_vit-tiny-p8.py',
    '../_base_/datasets/own_boxes.py',
    '../_base_/schedules/adamw_finetune.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    constructor='GroupedOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW', lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05, fused=True
    ),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = dict(warmup=1, eta_min_ratio=1e-3, from_zero=False)
train_cfg = dict(max_epochs=6, val_interval=2)
default_hooks = dict(checkpoint=dict(interval=2, save_best='frame/mAP', rule='greater'))
auto_scale_lr = dict(base_batch_size=16)
