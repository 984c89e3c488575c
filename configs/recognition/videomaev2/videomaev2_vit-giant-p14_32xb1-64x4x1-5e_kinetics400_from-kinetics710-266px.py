# NNODES=4 bash tools/dist_train.sh configs/recognition/videomaev2/\
# videomaev2_vit-giant-p14_32xb1-64x4x1-5e_kinetics400_from-kinetics710-266px.py 8
# Cost: 26716.20 G multiply-accumulates per view, 2 clips x 3 crops in the test; 1012.2 M
#   parameters, 32 GPUs, activation checkpointing.
# Paper: 90.0 % top-1 on Kinetics-400 with 64 frames of 266 x 266 pixels (Table 6a; 2 clips x 3
#   crops). Also 98.4 % top-5.
# Recipe: V2 Table 9. The released code for such clips does not run; here positions are interpolated
#   from the pre-trained grid. The initial weights and the stride are not stated. Chosen here: those
#   after Kinetics-710, and 4.
# Differs from the paper: RandAug with magnitude 7 and random resized crops as in every script;
#   the table prints magnitude 0 and MultiScaleCrop. A box is erased in a quarter of the clips, as
#   in every script; no table lists it.
_base_ = [
    '../../_base_/models/recognizer_vit-giant-p14.py',
    '../../_base_/datasets/kinetics400.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomaev2_vit-giant-p14_32xb3-16x4x1-35e_kinetics710/epoch_35.pth'

model = dict(
    backbone=dict(drop_path_rate=0.35),
    cls_head=dict(dropout_ratio=0.5),
    test_cfg=dict(max_testing_views=1),
)

train_dataloader = dict(
    batch_size=1,
    dataset=dict(
        pipeline=dict(sample=dict(clip_len=64), augment=dict(transforms=dict(crop=dict(size=266))))
    ),
)
val_dataloader = dict(
    batch_size=1, dataset=dict(pipeline=dict(sample=dict(clip_len=64), crop=dict(size=266)))
)
test_dataloader = dict(
    dataset=dict(pipeline=dict(sample=dict(clip_len=64, num_clips=2), crop=dict(size=266)))
)
optim_wrapper = dict(
    optimizer=dict(lr=1.25e-5),  # 1e-4 * 32 / 256
    paramwise_cfg=dict(layer_decay_rate=0.9),
)
param_scheduler = dict(warmup=0, eta_min_ratio=1e-6 / 1e-4)
train_cfg = dict(max_epochs=5)
auto_scale_lr = dict(base_batch_size=32)
default_hooks = dict(
    head_rows=dict(type='HeadRowsHook', label_map='data/kinetics710/label_710to400.json')
)
