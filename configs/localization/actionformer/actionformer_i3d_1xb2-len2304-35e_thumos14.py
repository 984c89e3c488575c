# python tools/train.py \
#     configs/localization/actionformer/actionformer_i3d_1xb2-len2304-35e_thumos14.py
# Features: I3D, two streams, as ActionFormer publishes them: 2048 wide, one every 4 frames.
# Cost: 1 GPU, 29.25 M parameters.
# Average mAP that ActionFormer's authors report: 66.83 (82.13, 77.80, 70.95, 59.40, 43.87).
_base_ = [
    '../../_base_/models/actionformer.py',
    '../../_base_/datasets/thumos14_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width = 2048
dataset = dict(feature_dir='data/thumos14/features/i3d', features=dict(width=width))

model = dict(backbone=dict(in_channels=width))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
randomness = dict(seed=1234567891)
train_cfg = dict(max_epochs=35, val_begin=20)
