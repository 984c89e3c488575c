# python tools/train.py \
#     configs/pretrain/videomae/videomae_vit-small-p16_1xb32-16x4x1-800e_custom.py
# Videos: every video below data/custom/videos, or below another folder with
#   VIDEO_DIR=/path/to/videos before the command; at least 32.
# Cost: 17.62 G multiply-accumulates per clip and forward pass, 24.0 M parameters, 1 GPU; 6 batches
#   of 32 are accumulated to the 192 clips of the UCF101 recipe.
# Paper: nothing; masking ratio, learning rate and batch are those of its small data sets (UCF101,
#   HMDB51). For hundreds of thousands of videos use ratio 0.9 and the Kinetics-400 recipe.
_base_ = [
    '../../_base_/models/videomae_vit-small-p16.py',
    '../../_base_/datasets/custom_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=2.25e-4), accumulative_counts=6)  # 3e-4 * 192 / 256
param_scheduler = dict(warmup=40, eta_min_ratio=1e-5 / 3e-4, from_zero=False)
train_cfg = dict(max_epochs=800)
auto_scale_lr = dict(base_batch_size=192)
