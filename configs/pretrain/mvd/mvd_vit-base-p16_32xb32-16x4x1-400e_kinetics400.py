# NNODES=4 bash tools/dist_train.sh \
#     configs/pretrain/mvd/mvd_vit-base-p16_32xb32-16x4x1-400e_kinetics400.py 8
# Cost: 78.68 G multiply-accumulates per clip and forward pass, and 1089.26 G of teachers; 117.3 M
#   parameters, 607.2 M of teachers, 32 GPUs.
# Paper: 83.4 % top-1 on Kinetics-400 after fine-tuning; 73.7 % on Something-Something V2; 34.2 mAP
#   on AVA with, 31.1 without labels of Kinetics-400; 97.5 % on UCF101; 79.7 % on HMDB51. The
#   figures of AVA are those of ViT-B in general.
# Licence: the released code and weights of MVD are CC-BY-NC 4.0, as is the MAE that teaches images;
#   this file was written from the published facts, and no released weights are used.
# Not known: how clips were sampled and cropped; here as in VideoMAE. The released decoder has a
#   bias in its first map, which ours lacks; its loops run one epoch more.
_base_ = [
    '../../_base_/models/mvd_vit-base-p16_taught-by-large-p16.py',
    '../../_base_/datasets/kinetics400_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=6e-4))  # 1.5e-4 * 1024 / 256
param_scheduler = dict(warmup=40, eta_min_ratio=1e-4 / 1.5e-4)
train_cfg = dict(max_epochs=400)
auto_scale_lr = dict(base_batch_size=1024)
