# python tools/train.py \
#     configs/localization/actionformer/actionformer_videomae-huge_1xb16-len192-15e_fineaction.py
# Features: VideoMAE ViT-H fine-tuned on Kinetics-700, 1280 wide, one every 16 frames.
# Testing needs class scores of whole videos, see _base_/models/actionformer_agnostic.py:
# python tools/test.py CONFIG CKPT \
#     --cfg-options model.external_scores.path=data/fineaction/class_scores.json
# Cost: 1 GPU, 7.53 M parameters. 10 + 5 epochs, as OpenTAD ran it.
# Average mAP that OpenTAD reports with a classifier's scores: 19.32.
# Differs from OpenTAD: features are stretched to 192 steps by linear interpolation, as in
#   ActionFormer; OpenTAD pools them with RoIAlign.
_base_ = [
    '../../_base_/models/actionformer_agnostic.py',
    '../../_base_/datasets/fineaction_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width = 1280
dataset = dict(feature_dir='data/fineaction/features/videomae-huge', features=dict(width=width))

model = dict(backbone=dict(in_channels=width))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(eta_min_ratio=1e-8 / 1e-3)
train_cfg = dict(max_epochs=15, val_begin=7)
auto_scale_lr = dict(base_batch_size=16)
# The model has one class, the data have more.
default_hooks = dict(label_check=None)
