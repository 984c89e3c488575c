# python tools/train.py \
#     configs/localization/tridet/tridet_slowfast_1xb2-len2304-19e_epic100-noun.py
# Features: SlowFast fine-tuned on EPIC-Kitchens-100, as ActionFormer publishes them, 2304 wide, one
# every 16 frames.
# Cost: 1 GPU, 19.50 M parameters. 5 + 14 epochs.
# Average mAP that TriDet's authors report: 23.76 (27.38, 26.28, 24.60, 22.23, 18.28);
#   OpenTAD: 21.51.
_base_ = [
    '../../_base_/models/tridet.py',
    '../../_base_/datasets/epic100_noun_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(in_channels=2304, hidden_channels=1024, ratio=4.0),
    cls_head=dict(num_classes=300),
    reg_head=dict(num_classes=300),
    loss=dict(init_normaliser=250.0, iou_power=0.25, label_smoothing=0.1),
    regression_ranges=((0, 4), (2, 8), (4, 16), (8, 32), (16, 64), (32, 10000)),
    test_cfg=dict(pre_nms_topk=5000, sigma=0.4, voting_thresh=0.75),
)
randomness = dict(seed=1234567891)
train_cfg = dict(max_epochs=19, val_begin=11)
