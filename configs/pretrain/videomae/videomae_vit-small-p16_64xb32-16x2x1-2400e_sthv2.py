# NNODES=8 bash tools/dist_train.sh \
#     configs/pretrain/videomae/videomae_vit-small-p16_64xb32-16x2x1-2400e_sthv2.py 8
# Cost: 11.56 G multiply-accumulates per clip and forward pass, 24.0 M parameters, 64 GPUs.
# Paper: 66.8 % top-1 on Something-Something V2 after fine-tuning (Table 6; 2 clips x 3 crops).
# Differs from the paper: its appendix (Table 9) gives batch 1024; the released script starts 64
#   processes of 32 clips, while its comment mentions 32 GPUs.
_base_ = [
    '../../_base_/models/videomae_vit-small-p16.py',
    '../../_base_/datasets/sthv2_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=1.2e-3))  # 1.5e-4 * 2048 / 256
param_scheduler = dict(warmup=40, eta_min_ratio=1e-5 / 1.5e-4)
train_cfg = dict(max_epochs=2400)
auto_scale_lr = dict(base_batch_size=2048)
