# python tools/train.py \
#     configs/localization/actionformer/actionformer_tsp_1xb16-len192-15e_activitynet.py
# Features: TSP, as ActionFormer publishes them: 512 wide, one every 16 frames, at 15 fps.
# Testing needs class scores of whole videos, see _base_/models/actionformer_agnostic.py:
# python tools/test.py CONFIG CKPT \
#     --cfg-options model.external_scores.path=data/activitynet/class_scores.json
# Cost: 1 GPU, 6.94 M parameters. 10 + 5 epochs, as OpenTAD ran it.
# Average mAP that OpenTAD reports with a classifier's scores: 37.07 (IoU 0.5, 0.75, 0.95: 55.08,
#   38.27, 8.91); ActionFormer's authors, with 768 steps: 36.56.
_base_ = [
    '../../_base_/models/actionformer_agnostic.py',
    '../../_base_/datasets/activitynet_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width = 512
dataset = dict(feature_dir='data/activitynet/features/tsp', features=dict(width=width, fps=15.0))

model = dict(backbone=dict(in_channels=width, input_drop_rate=0.2))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(eta_min_ratio=1e-8 / 1e-3)
train_cfg = dict(max_epochs=15, val_begin=8)
auto_scale_lr = dict(base_batch_size=16)
# The model has one class, the data have more.
default_hooks = dict(label_check=None)
