# python tools/train.py \
#     configs/localization/actionformer/actionformer_slowfast_1xb2-len2304-21e_epic100-noun.py
# Features: SlowFast fine-tuned on EPIC-Kitchens-100, as ActionFormer publishes them, 2304 wide, one
# every 16 frames.
# Cost: 1 GPU, 30.08 M parameters.
# Average mAP that ActionFormer's authors report: 21.88 (25.21, 24.11, 22.66, 20.47, 16.97);
#   OpenTAD: 22.33.
_base_ = [
    '../../_base_/models/actionformer.py',
    '../../_base_/datasets/epic100_noun_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(in_channels=2304, windows=9),
    cls_head=dict(num_classes=300),
    loss=dict(init_normaliser=250.0, label_smoothing=0.1),
    regression_ranges=((0, 4), (2, 8), (4, 16), (8, 32), (16, 64), (32, 10000)),
    test_cfg=dict(pre_nms_topk=5000, sigma=0.4, max_segments=2000),
)
randomness = dict(seed=1234567891)
train_cfg = dict(max_epochs=21, val_begin=11)
