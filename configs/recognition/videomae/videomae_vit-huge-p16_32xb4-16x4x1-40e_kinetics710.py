# NNODES=4 bash tools/dist_train.sh \
#     configs/recognition/videomae/videomae_vit-huge-p16_32xb4-16x4x1-40e_kinetics710.py 8
# Cost: 1191.64 G multiply-accumulates per view, 5 clips x 3 crops in the test; 632.5 M
#   parameters, 32 GPUs, activation checkpointing.
# Paper: nothing on Kinetics-710; this step precedes 88.1 % on Kinetics-400 (V2 Table 5).
# Recipe: V2 Table 11.
_base_ = [
    '../../_base_/models/recognizer_vit-huge-p16.py',
    '../../_base_/datasets/kinetics710.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomae_vit-huge-p16_64xb16-16x4x1-1600e_kinetics400/epoch_1600.pth'

model = dict(
    backbone=dict(drop_path_rate=0.2),
    cls_head=dict(num_classes=_base_.num_classes, dropout_ratio=0.5),
)

train_dataloader = dict(batch_size=4)
optim_wrapper = dict(
    optimizer=dict(lr=0.0005),  # 1e-3 * 128 / 256
    paramwise_cfg=dict(layer_decay_rate=0.8),
)
param_scheduler = dict(eta_min_ratio=1e-6 / 1e-3)
train_cfg = dict(max_epochs=40)
auto_scale_lr = dict(base_batch_size=128)
