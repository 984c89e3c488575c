# python tools/train.py \
#     configs/localization/actionformer/actionformer_slowfast_1xb2-len1024-15e_ego4d-mq.py
# Features: SlowFast of Ego4D, 2304 wide, one every 16 frames.
# ActionFormer's authors also leave out segments shorter than 0.25 s.
# Cost: 1 GPU, 32.95 M parameters. 5 + 10 epochs.
# Average mAP that ActionFormer's authors report: 14.89 (20.09, 17.45, 14.44, 12.46, 10.00);
#   Recall@1x at IoU 0.5: 31.33.
_base_ = [
    '../../_base_/models/actionformer.py',
    '../../_base_/datasets/ego4d_mq_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width, length = 2304, 1024
dataset = dict(
    feature_dir='data/ego4d/features/slowfast',
    features=dict(stride=16, window=32, width=width),
)

model = dict(
    data_preprocessor=dict(max_seq_len=length),
    backbone=dict(
        in_channels=width,
        arch=(2, 2, 6),
        windows=9,
        use_abs_pe=True,
        max_seq_len=length,
        drop_rate=0.1,
    ),
    neck=dict(num_levels=7),
    cls_head=dict(num_classes=110),
    reg_head=dict(num_levels=7),
    regression_ranges=(
        *((0, 4), (2, 8), (4, 16), (8, 32), (16, 64)),
        *((32, 128), (64, 10000)),
    ),
    test_cfg=dict(pre_nms_topk=5000, sigma=0.9, max_segments=2000),
)
train_dataloader = dict(dataset=dict(dataset, pipeline=dict(crop=dict(max_seq_len=length))))
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
randomness = dict(seed=1234567891)
train_cfg = dict(max_epochs=15, val_begin=8, val_interval=1)
