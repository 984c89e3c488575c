# python tools/train.py \
#     configs/localization/tridet/tridet_i3d_1xb2-len2304-40e_thumos14.py
# Features: I3D, two streams, as ActionFormer publishes them: 2048 wide, one every 4 frames.
# Cost: 1 GPU, 15.99 M parameters. 20 + 20 epochs.
# Average mAP that TriDet's authors report: 69.27 (83.62, 80.07, 72.94, 62.35, 47.35);
#   OpenTAD: 69.60.
_base_ = [
    '../../_base_/models/tridet.py',
    '../../_base_/datasets/thumos14_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width = 2048
dataset = dict(feature_dir='data/thumos14/features/i3d', features=dict(width=width))

model = dict(backbone=dict(in_channels=width, input_noise=5e-4))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(weight_decay=0.025))
param_scheduler = dict(warmup=20)
train_cfg = dict(max_epochs=40, val_begin=30)
