# NNODES=8 bash tools/dist_train.sh \
#     configs/pretrain/videomae/videomae_vit-large-p16_64xb8-16x4x1-1600e_kinetics700.py 8
# Cost: 142.78 G multiply-accumulates per clip and forward pass, 343.0 M parameters, 64 GPUs.
# Paper: 36.1 % mAP on AVA 2.2, and 39.3 after fine-tuning on Kinetics-700 with labels (Table 5).
# Recipe: not published. Chosen here: the script of Kinetics-400.
_base_ = [
    '../../_base_/models/videomae_vit-large-p16.py',
    '../../_base_/datasets/kinetics700_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=8)
optim_wrapper = dict(optimizer=dict(lr=3e-4))  # 1.5e-4 * 512 / 256
param_scheduler = dict(warmup=40, eta_min_ratio=1e-5 / 1.5e-4)
train_cfg = dict(max_epochs=1600)
auto_scale_lr = dict(base_batch_size=512)
