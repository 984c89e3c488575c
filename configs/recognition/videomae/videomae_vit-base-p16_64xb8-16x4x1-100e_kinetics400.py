# NNODES=8 bash tools/dist_train.sh \
#     configs/recognition/videomae/videomae_vit-base-p16_64xb8-16x4x1-100e_kinetics400.py 8
# Cost: 180.49 G multiply-accumulates per view, 5 clips x 3 crops in the test; 86.5 M parameters,
#   64 GPUs.
# Paper: 80.0 % top-1 on Kinetics-400 after 800 epochs of pre-training (Table 2; 5 clips x 3
#   crops).
# Recipe: the released script. The model zoo reports 81.0 % for the same pre-training with
#   repeated augmentation.
# Differs from the paper: RandAug has magnitude 7 as in every script; Table 10 prints 9. A box is
#   erased in a quarter of the clips, as in every script; no table lists it.
_base_ = [
    '../../_base_/models/recognizer_vit-base-p16.py',
    '../../_base_/datasets/kinetics400.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomae_vit-base-p16_64xb32-16x4x1-800e_kinetics400/epoch_800.pth'

train_dataloader = dict(batch_size=8, dataset=dict(pipeline=dict(augment=dict(num_repeats=1))))
optim_wrapper = dict(optimizer=dict(lr=0.002))  # 1e-3 * 512 / 256
param_scheduler = dict(eta_min_ratio=1e-6 / 1e-3)
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(base_batch_size=512)
