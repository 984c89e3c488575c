# NNODES=4 bash tools/dist_train.sh \
#     configs/recognition/videomaev2/videomaev2_vit-huge-p16_32xb4-1x1x16-20e_sthv2.py 8
# Cost: 1191.64 G multiply-accumulates per view, 2 clips x 3 crops in the test; 631.8 M
#   parameters, 32 GPUs, activation checkpointing.
# Paper: 76.8 % top-1 on Something-Something V2 (Table 4; 2 clips x 3 crops). Also 95.8 % top-5
#   (Table 6c) and 75.5 % top-1 from a single view.
# Recipe: the released script.
_base_ = [
    '../../_base_/models/recognizer_vit-huge-p16.py',
    '../../_base_/datasets/sthv2.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomaev2_vit-huge-p16_64xb32-16x4x1-300e_unlabeled-hybrid/epoch_300.pth'

model = dict(
    backbone=dict(drop_path_rate=0.2),
    cls_head=dict(num_classes=_base_.num_classes),
)

train_dataloader = dict(batch_size=4)
optim_wrapper = dict(
    optimizer=dict(lr=0.00025),  # 5e-4 * 128 / 256
    paramwise_cfg=dict(layer_decay_rate=0.8),
)
param_scheduler = dict(eta_min_ratio=1e-6 / 5e-4)
train_cfg = dict(max_epochs=20)
auto_scale_lr = dict(base_batch_size=128)
