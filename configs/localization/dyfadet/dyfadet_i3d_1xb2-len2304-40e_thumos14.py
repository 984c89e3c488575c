# python tools/train.py \
#     configs/localization/dyfadet/dyfadet_i3d_1xb2-len2304-40e_thumos14.py
# Features: I3D, two streams, as ActionFormer publishes them: 2048 wide, one every 4 frames.
# Cost: 1 GPU, 28.51 M parameters. 20 + 20 epochs.
# Average mAP that DyFADet's authors report: 69.2 (IoU 0.3: 84.0, 0.7: 47.9).
_base_ = [
    '../../_base_/models/dyfadet.py',
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
optim_wrapper = dict(optimizer=dict(weight_decay=0.025))
param_scheduler = dict(warmup=20)
train_cfg = dict(max_epochs=40, val_begin=30)
