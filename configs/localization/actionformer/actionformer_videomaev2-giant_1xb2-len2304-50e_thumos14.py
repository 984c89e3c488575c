# python tools/train.py \
#     configs/localization/actionformer/actionformer_videomaev2-giant_1xb2-len2304-50e_thumos14.py
# Features: VideoMAE V2 ViT-g as its authors publish them (th14_mae_g_16_4), 1408 wide, one every 4
# frames. The recipe is that of I3D with 45 + 5 epochs, as InternVideo ran it; V2 publishes none.
# InternVideo also stretched these features to the length of the I3D ones; here they are not
#   stretched.
# Cost: 1 GPU, 28.27 M parameters.
# Average mAP that VideoMAE V2 reports: 69.6.
_base_ = [
    '../../_base_/models/actionformer.py',
    '../../_base_/datasets/thumos14_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width = 1408
dataset = dict(feature_dir='data/thumos14/features/videomaev2-giant', features=dict(width=width))

model = dict(backbone=dict(in_channels=width))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
randomness = dict(seed=1234567891)
train_cfg = dict(max_epochs=50, val_begin=35)
