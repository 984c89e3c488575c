# NNODES=2 bash tools/dist_train.sh \
#     configs/pretrain/mvd/mvd_vit-large-p16_16xb32-16x4x1-800e_kinetics400.py 8
# Cost: 114.19 G multiply-accumulates per clip and forward pass, and 1089.26 G of teachers; 331.2 M
#   parameters, 607.2 M of teachers, 16 GPUs.
# Paper: 86.4 % top-1 on Kinetics-400 after fine-tuning; 76.7 % on Something-Something V2.
# Licence: the released code and weights of MVD are CC-BY-NC 4.0, as is the MAE that teaches images;
#   this file was written from the published facts, and no released weights are used.
# Not known: how clips were sampled and cropped; here as in VideoMAE. The released decoder has a
#   bias in its first map, which ours lacks; its loops run one epoch more.
_base_ = [
    '../../_base_/models/mvd_vit-large-p16_taught-by-large-p16.py',
    '../../_base_/datasets/kinetics400_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=3e-4))  # 1.5e-4 * 512 / 256
param_scheduler = dict(warmup=40, eta_min_ratio=1e-5 / 1.5e-4)
train_cfg = dict(max_epochs=800)
auto_scale_lr = dict(base_batch_size=512)
