# NNODES=4 bash tools/dist_train.sh \
#     configs/detection/videomae/videomae_vit-base-p16_32xb4-16x4x1-30e_ava_kinetics400.py 8
# Cost: 180.49 G multiply-accumulates per clip of 224x224 pixels; 86.3 M parameters,
#   32 GPUs.
# Paper: 26.7 mAP on AVA 2.2 after pre-training alone on Kinetics-400 (Table 5).
# Recipe: the released script.
# Differs from the paper: colours are jittered as in the script; the paper mentions only a crop and
#   a flip.
_base_ = [
    '../../_base_/models/detector_vit-base-p16.py',
    '../../_base_/datasets/ava.py',
    '../../_base_/schedules/adamw_detection.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomae_vit-base-p16_64xb32-16x4x1-1600e_kinetics400/epoch_1600.pth'

train_dataloader = dict(batch_size=4)
optim_wrapper = dict(
    optimizer=dict(lr=0.000125),  # 0.00025 * 128 / 256
    paramwise_cfg=dict(layer_decay_rate=0.75),
)
param_scheduler = dict(eta_min_ratio=1e-6 / 0.00025)
train_cfg = dict(max_epochs=30)
