# NNODES=8 bash tools/dist_train.sh \
#     configs/detection/videomae/videomae_vit-huge-p16_64xb2-16x4x1-20e_ava_kinetics400.py 8
# Cost: 1191.64 G multiply-accumulates per clip of 224x224 pixels; 631.7 M parameters,
#   64 GPUs, activation checkpointing.
# Paper: 36.5 mAP on AVA 2.2 after pre-training alone on Kinetics-400 (Table 5).
# Recipe: the released script.
# Differs from the paper: colours are jittered as in the script; the paper mentions only a crop and
#   a flip.
_base_ = [
    '../../_base_/models/detector_vit-huge-p16.py',
    '../../_base_/datasets/ava.py',
    '../../_base_/schedules/adamw_detection.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomae_vit-huge-p16_64xb16-16x4x1-1600e_kinetics400/epoch_1600.pth'

train_dataloader = dict(batch_size=2)
optim_wrapper = dict(
    optimizer=dict(lr=0.00025),  # 0.0005 * 128 / 256
    paramwise_cfg=dict(layer_decay_rate=0.8),
)
param_scheduler = dict(eta_min_ratio=1e-6 / 0.0005)
train_cfg = dict(max_epochs=20)
