# python tools/train.py configs/demo/videomae_vit-tiny-p8_linear-probe_motion.py
# python tools/test.py configs/demo/videomae_vit-tiny-p8_linear-probe_motion.py \
#     work_dirs/videomae_vit-tiny-p8_linear-probe_motion/best_acc_best_top1_epoch_10.pth
# after videomae_vit-tiny-p8_pretrain_motion.py: four linear classifiers, each with its own learning
# rate, on the frozen encoder. load_from=None probes random weights instead.
_base_ = [
    '../_base_/models/recognizer_vit-tiny-p8.py',
    '../_base_/datasets/motion.py',
    '../_base_/schedules/adamw_finetune_tiny.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(frozen=True),
    cls_head=dict(
        _delete_=True,
        type='LinearProbeHead',
        num_classes=4,
        lr_factors=(0.3, 1.0, 3.0, 10.0),
        use_batch_norm=True,
    ),
)
optim_wrapper = dict(optimizer=dict(lr=4e-3, weight_decay=0.0))
default_hooks = dict(
    checkpoint=dict(interval=10, max_keep_ckpts=1, save_best='acc/best_top1', rule='greater'),
    choose_probe=dict(type='ChooseProbeHook'),
)
val_evaluator = dict(_delete_=True, type='LinearProbeMetric')
test_evaluator = val_evaluator

load_from = 'work_dirs/videomae_vit-tiny-p8_pretrain_motion/epoch_30.pth'
