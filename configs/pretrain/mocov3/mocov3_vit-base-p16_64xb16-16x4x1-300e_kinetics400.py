# NNODES=8 bash tools/dist_train.sh \
#     configs/pretrain/mocov3/mocov3_vit-base-p16_64xb16-16x4x1-300e_kinetics400.py 8
# Cost: 722.04 G multiply-accumulates per video and forward pass, two views each through the encoder
#   and its average; 108.1 M parameters, 64 GPUs, activation checkpointing.
# Paper: 74.2 % top-1 on Kinetics-400 after fine-tuning (Table 2; 5 clips x 3 crops).
# Recipe: not published. Chosen here: MoCo v3's recipe for ViT-B on images, with two views of one
#   clip, this batch, and the epochs of Something-Something V2.
_base_ = [
    '../../_base_/models/mocov3_vit-base-p16.py',
    '../../_base_/datasets/kinetics400_views.py',
    '../../_base_/schedules/adamw_mocov3.py',
    '../../_base_/moving_average_runtime.py',
]

train_dataloader = dict(batch_size=16)
optim_wrapper = dict(optimizer=dict(lr=6e-4))  # 1.5e-4 * 1024 / 256
auto_scale_lr = dict(base_batch_size=1024)
