# bash tools/dist_train.sh \
#     configs/pretrain/videomae/videomae_vit-base-p16_8xb24-16x4x1-3200e_ucf101.py 8
# Cost: 57.50 G multiply-accumulates per clip and forward pass, since only 75 % of the tokens are
#   masked; 94.2 M parameters, 8 GPUs.
# Paper: 91.3 % top-1 on UCF101 after fine-tuning (Table 2; 5 clips x 3 crops).
_base_ = [
    '../../_base_/models/videomae_vit-base-p16.py',
    '../../_base_/datasets/ucf101_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=24)
optim_wrapper = dict(optimizer=dict(lr=2.25e-4))  # 3e-4 * 192 / 256
param_scheduler = dict(warmup=40, eta_min_ratio=1e-5 / 3e-4)
train_cfg = dict(max_epochs=3200)
auto_scale_lr = dict(base_batch_size=192)
