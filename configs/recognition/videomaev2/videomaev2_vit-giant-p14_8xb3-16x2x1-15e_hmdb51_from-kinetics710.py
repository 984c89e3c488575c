# bash tools/dist_train.sh configs/recognition/videomaev2/\
# videomaev2_vit-giant-p14_8xb3-16x2x1-15e_hmdb51_from-kinetics710.py 8
# Cost: 2543.94 G multiply-accumulates per view, 5 clips x 3 crops in the test; 1011.7 M
#   parameters, 8 GPUs, activation checkpointing.
# Paper: 88.1 % top-1 on HMDB51 (Table 13).
# Recipe: the released script. For splits 2 and 3, put SPLIT=2 or SPLIT=3 before the command and set
#   --work-dir.
# Differs from the paper: the script uses RandAug with magnitude 7 and random resized crops, while
#   Table 9 prints magnitude 0 and MultiScaleCrop. A box is erased in a quarter of the clips, as
#   in every script; no table lists it.
_base_ = [
    '../../_base_/models/recognizer_vit-giant-p14.py',
    '../../_base_/datasets/hmdb51.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomaev2_vit-giant-p14_32xb3-16x4x1-35e_kinetics710/epoch_35.pth'

model = dict(
    backbone=dict(drop_path_rate=0.35),
    cls_head=dict(num_classes=_base_.num_classes, dropout_ratio=0.5),
)

train_dataloader = dict(batch_size=3)
test_dataloader = dict(dataset=dict(pipeline=dict(sample=dict(num_clips=5))))
optim_wrapper = dict(
    optimizer=dict(lr=4.6875e-5),  # 5e-4 * 24 / 256
    paramwise_cfg=dict(layer_decay_rate=0.9),
)
param_scheduler = dict(eta_min_ratio=1e-6 / 5e-4)
train_cfg = dict(max_epochs=15)
auto_scale_lr = dict(base_batch_size=24)
