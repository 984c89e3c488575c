# NNODES=4 bash tools/dist_train.sh \
#     configs/pretrain/videomae/videomae_vit-small-p16_32xb32-16x4x1-1600e_kinetics400.py 8
# Cost: 11.56 G multiply-accumulates per clip and forward pass, 24.0 M parameters, 32 GPUs.
# Paper: 79.0 % top-1 on Kinetics-400 after fine-tuning (Table 7; 5 clips x 3 crops).
# Differs from the paper: the released code crops without flipping; the appendix (Table 9) says that
#   Kinetics clips are flipped.
_base_ = [
    '../../_base_/models/videomae_vit-small-p16.py',
    '../../_base_/datasets/kinetics400_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=6e-4))  # 1.5e-4 * 1024 / 256
param_scheduler = dict(warmup=40, eta_min_ratio=1e-5 / 1.5e-4)
train_cfg = dict(max_epochs=1600)
auto_scale_lr = dict(base_batch_size=1024)
