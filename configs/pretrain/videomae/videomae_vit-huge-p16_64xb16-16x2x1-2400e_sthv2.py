# NNODES=8 bash tools/dist_train.sh \
#     configs/pretrain/videomae/videomae_vit-huge-p16_64xb16-16x2x1-2400e_sthv2.py 8
# Cost: 237.80 G multiply-accumulates per clip and forward pass, 692.5 M parameters, 64 GPUs,
#   activation checkpointing.
# Paper: 74.8 % top-1 on Something-Something V2 after fine-tuning (V2 Table 4; 2 clips x 3 crops).
# Differs from the paper: no script was released; batch, learning rate and warm-up are those of
#   the appendix (Table 9), the decoder of 12 blocks that of the Kinetics-400 script.
_base_ = [
    '../../_base_/models/videomae_vit-huge-p16.py',
    '../../_base_/datasets/sthv2_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=16)
optim_wrapper = dict(optimizer=dict(lr=6e-4))  # 1.5e-4 * 1024 / 256
param_scheduler = dict(warmup=40, eta_min_ratio=1e-5 / 1.5e-4)
train_cfg = dict(max_epochs=2400)
auto_scale_lr = dict(base_batch_size=1024)
