# NNODES=8 bash tools/dist_train.sh configs/recognition/videomaev2/\
# videomaev2_vit-base-p16_64xb16-16x4x1-100e_kinetics710_distilled.py 8
# Cost: 180.49 G multiply-accumulates per view, 5 clips x 3 crops in the test; 86.8 M parameters,
#   64 GPUs; the teacher adds 2543.94 G per training clip.
# Paper: nothing on Kinetics-710. The model zoo reports 81.5 % there, and, with the rows of their
#   classes, 86.6 % on Kinetics-400 and 85.9 % on Kinetics-600.
# Recipe: V2 Table 16. No code is released. The number of GPUs, the factor T^2 = 9 of the
#   divergence, the minimum rate (1e-6) and the decision to ignore labels were chosen here. The
#   table lists no repeated augmentation, so each clip is augmented once.
# Differs from the paper: RandAug with magnitude 7 and random resized crops as in every script;
#   the table prints magnitude 0 and MultiScaleCrop. A box is erased in a quarter of the clips, as
#   in every script; no table lists it.
_base_ = [
    '../../_base_/models/recognizer_vit-base-p16_taught-by-giant-p14.py',
    '../../_base_/datasets/kinetics710.py',
    '../../_base_/schedules/adamw_distill.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomaev2_vit-base-p16_32xb16-16x4x1-90e_kinetics710/epoch_90.pth'

model = dict(
    cls_head=dict(num_classes=_base_.num_classes),
    teacher_checkpoint='work_dirs/videomaev2_vit-giant-p14_32xb3-16x4x1-35e_kinetics710/epoch_35.pth',
)

train_dataloader = dict(batch_size=16, dataset=dict(pipeline=dict(augment=dict(num_repeats=1))))
optim_wrapper = dict(optimizer=dict(lr=0.004))  # 1e-3 * 1024 / 256
param_scheduler = dict(eta_min_ratio=1e-6 / 1e-3)
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(base_batch_size=1024)
