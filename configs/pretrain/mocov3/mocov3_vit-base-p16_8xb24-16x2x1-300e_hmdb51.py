# bash tools/dist_train.sh configs/pretrain/mocov3/mocov3_vit-base-p16_8xb24-16x2x1-300e_hmdb51.py 8
# Cost: 722.04 G multiply-accumulates per video and forward pass, two views each through the encoder
#   and its average; 108.1 M parameters, 8 GPUs, activation checkpointing.
# Paper: 39.2 % top-1 on HMDB51 after fine-tuning (Table 2; 10 clips x 3 crops).
# Recipe: not published. Chosen here: MoCo v3's recipe for ViT-B on images, with two views of one
#   clip, this batch, and the epochs of Something-Something V2.
_base_ = [
    '../../_base_/models/mocov3_vit-base-p16.py',
    '../../_base_/datasets/hmdb51_views.py',
    '../../_base_/schedules/adamw_mocov3.py',
    '../../_base_/moving_average_runtime.py',
]

train_dataloader = dict(batch_size=24)
optim_wrapper = dict(optimizer=dict(lr=1.125e-4))  # 1.5e-4 * 192 / 256
auto_scale_lr = dict(base_batch_size=192)
