# NNODES=8 bash tools/dist_train.sh \
#     configs/recognition/videomae/videomae_vit-large-p16_64xb2-16x4x1-35e_kinetics400.py 8
# Cost: 597.22 G multiply-accumulates per view, 5 clips x 3 crops in the test; 304.3 M parameters,
#   64 GPUs.
# Paper: 85.2 % top-1 on Kinetics-400 after 1600 epochs of pre-training (Table 7; 5 clips x 3
#   crops). Also 96.8 % top-5.
# Recipe: the released script.
# Differs from the paper: Table 10 gives 50 epochs, batch 512, base rate 1e-3, drop path 0.2 and
#   dropout 0.5 (the recipe ending in _table10). RandAug has magnitude 7 as in every script; Table
#   10 prints 9. A box is erased in a quarter of the clips, as in every script; no table lists it.
_base_ = [
    '../../_base_/models/recognizer_vit-large-p16.py',
    '../../_base_/datasets/kinetics400.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomae_vit-large-p16_64xb8-16x4x1-1600e_kinetics400/epoch_1600.pth'

train_dataloader = dict(batch_size=2)
optim_wrapper = dict(optimizer=dict(lr=0.001))  # 2e-3 * 128 / 256
param_scheduler = dict(eta_min_ratio=1e-6 / 2e-3)
train_cfg = dict(max_epochs=35)
auto_scale_lr = dict(base_batch_size=128)
