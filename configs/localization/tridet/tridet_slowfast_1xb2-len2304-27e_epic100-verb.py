# python tools/train.py \
#     configs/localization/tridet/tridet_slowfast_1xb2-len2304-27e_epic100-verb.py
# Features: SlowFast fine-tuned on EPIC-Kitchens-100, as ActionFormer publishes them, 2304 wide, one
# every 16 frames.
# Cost: 1 GPU, 18.59 M parameters. 5 + 22 epochs.
# Average mAP that TriDet's authors report: 25.51 (28.72, 27.57, 26.19, 24.26, 20.83);
#   OpenTAD: 24.97.
_base_ = [
    '../../_base_/models/tridet.py',
    '../../_base_/datasets/epic100_verb_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    # That of the strides, since 2304 is not a multiple of 160, to which TriDet pads longer videos.
    data_preprocessor=dict(length_divisor=32),
    backbone=dict(in_channels=2304, hidden_channels=1024, windows=(5, 5, 5, 5, 5), ratio=2.0),
    cls_head=dict(num_classes=97),
    reg_head=dict(num_classes=97),
    loss=dict(init_normaliser=250.0, iou_power=0.25),
    regression_ranges=((0, 4), (2, 8), (4, 16), (8, 32), (16, 64), (32, 10000)),
    test_cfg=dict(pre_nms_topk=5000, sigma=0.4, voting_thresh=0.75),
)
randomness = dict(seed=1234567891)
param_scheduler = dict(eta_min_ratio=0.5)
train_cfg = dict(max_epochs=27, val_begin=17)
