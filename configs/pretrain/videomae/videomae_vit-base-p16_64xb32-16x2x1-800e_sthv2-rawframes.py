# NNODES=8 bash tools/dist_train.sh \
#     configs/pretrain/videomae/videomae_vit-base-p16_64xb32-16x2x1-800e_sthv2-rawframes.py 8
# Cost: 35.48 G multiply-accumulates per clip and forward pass, 94.2 M parameters, 64 GPUs.
# Paper: as for the recipe on videos; this one reads folders of frames extracted at 12 frames per
#   second.
_base_ = [
    '../../_base_/models/videomae_vit-base-p16.py',
    '../../_base_/datasets/sthv2_rawframes_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=1.2e-3))  # 1.5e-4 * 2048 / 256
param_scheduler = dict(warmup=40, eta_min_ratio=1e-5 / 1.5e-4)
train_cfg = dict(max_epochs=800)
auto_scale_lr = dict(base_batch_size=2048)
