# python tools/train.py \
#     configs/localization/actionformer/actionformer_videomaev2-giant_1xb16-len192-25e_fineaction.py
# Features: VideoMAE V2 ViT-g as its authors publish them, 1408 wide, one every 16 frames.
# Testing needs class scores of whole videos, see _base_/models/actionformer_agnostic.py:
# python tools/test.py CONFIG CKPT \
#     --cfg-options model.external_scores.path=data/fineaction/class_scores.json
# Cost: 1 GPU, 7.63 M parameters. 20 + 5 epochs, as InternVideo ran it; V2 publishes no config.
# Average mAP that VideoMAE V2 reports with a classifier's scores: 18.2; OpenTAD, 15 epochs: 19.62.
# Chosen here: features are stretched to 192 steps by linear interpolation, as in InternVideo and
#   ActionFormer; V2 does not say how.
_base_ = [
    '../../_base_/models/actionformer_agnostic.py',
    '../../_base_/datasets/fineaction_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width = 1408
dataset = dict(feature_dir='data/fineaction/features/videomaev2-giant', features=dict(width=width))

model = dict(backbone=dict(in_channels=width))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(eta_min_ratio=1e-8 / 1e-3)
train_cfg = dict(max_epochs=25, val_begin=15)
auto_scale_lr = dict(base_batch_size=16)
# The model has one class, the data have more.
default_hooks = dict(label_check=None)
