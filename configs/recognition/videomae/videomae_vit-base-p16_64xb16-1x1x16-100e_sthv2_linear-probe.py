# NNODES=8 bash tools/dist_train.sh \
#     configs/recognition/videomae/videomae_vit-base-p16_64xb16-1x1x16-100e_sthv2_linear-probe.py 8
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.9 M parameters,
#   64 GPUs; the encoder runs forward only.
# Paper: 38.9 % top-1 on Something-Something V2 (Table 3, linear probing; 2 clips x 3 crops).
# Recipe: V1 Table 11. Five classifiers learn at once at 0.1 to 10 times its rate of 0.1 x 1024 /
#   256; the accuracy of each is reported. best_acc_best_top1_epoch_*.pth comes from the best
#   validation and predicts with the classifier that was best there. There is no flip and no mixing.
_base_ = [
    '../../_base_/models/recognizer_vit-base-p16.py',
    '../../_base_/datasets/sthv2.py',
    '../../_base_/schedules/sgd_linear_probe.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomae_vit-base-p16_64xb32-16x2x1-800e_sthv2/epoch_800.pth'

model = dict(
    backbone=dict(frozen=True, drop_path_rate=0.0),
    cls_head=dict(
        _delete_=True,
        type='LinearProbeHead',
        num_classes=_base_.num_classes,
        lr_factors=(0.1, 0.3, 1.0, 3.0, 10.0),
        average_clips='prob',
    ),
    data_preprocessor=dict(blend=None, label_smoothing=0.0),
)

train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        pipeline=dict(
            augment=dict(
                num_repeats=1,
                transforms=dict(_delete_=True, crop=dict(type='ClipMultiScaleCrop', size=224)),
            )
        )
    ),
)
val_evaluator = dict(_delete_=True, type='LinearProbeMetric')
test_evaluator = dict(_delete_=True, type='LinearProbeMetric')
optim_wrapper = dict(optimizer=dict(lr=0.4))  # 1e-1 * 1024 / 256
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(base_batch_size=1024)
# An epoch's checkpoint is written before its validation and holds the previous epoch's choice.
default_hooks = dict(
    checkpoint=dict(save_best='acc/best_top1', rule='greater'),
    choose_probe=dict(type='ChooseProbeHook'),
)
