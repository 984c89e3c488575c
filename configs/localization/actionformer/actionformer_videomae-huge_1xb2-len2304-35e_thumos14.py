# python tools/train.py \
#     configs/localization/actionformer/actionformer_videomae-huge_1xb2-len2304-35e_thumos14.py
# Features: VideoMAE ViT-H, 1280 wide, of tools/misc/extract_features.py, one every 4 frames.
# Cost: 1 GPU, 28.07 M parameters.
# No result with these features is published; the recipe is that of I3D.
_base_ = [
    '../../_base_/models/actionformer.py',
    '../../_base_/datasets/thumos14_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width = 1280
dataset = dict(feature_dir='data/thumos14/features/videomae-huge', features=dict(width=width))

model = dict(backbone=dict(in_channels=width))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
randomness = dict(seed=1234567891)
train_cfg = dict(max_epochs=35, val_begin=20)
