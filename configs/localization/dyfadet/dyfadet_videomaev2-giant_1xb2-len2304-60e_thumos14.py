# python tools/train.py \
#     configs/localization/dyfadet/dyfadet_videomaev2-giant_1xb2-len2304-60e_thumos14.py
# Features: VideoMAE V2 ViT-g fine-tuned on Kinetics-710, 1408 wide, one every 4 frames, as OpenTAD
# publishes them or as tools/misc/extract_features.py writes them.
# Cost: 1 GPU, 27.53 M parameters. 20 + 40 epochs.
# Average mAP that DyFADet's authors report: 70.5 (IoU 0.3: 84.3, 0.7: 50.2);
#   OpenTAD, which stops at epoch 45 and shifts the features by 2 frames: 71.70.
_base_ = [
    '../../_base_/models/dyfadet.py',
    '../../_base_/datasets/thumos14_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width = 1408
dataset = dict(feature_dir='data/thumos14/features/videomaev2-giant', features=dict(width=width))

model = dict(backbone=dict(in_channels=width, drop_path_rate=0.005))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
randomness = dict(seed=1234567891)
optim_wrapper = dict(optimizer=dict(weight_decay=0.025))
param_scheduler = dict(warmup=20)
train_cfg = dict(max_epochs=60, val_begin=40)
