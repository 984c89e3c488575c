# python tools/train.py \
#     configs/localization/actionformer/actionformer_videomae-large_1xb2-len2048-20e_ego4d-mq.py
# Features: InternVideo's VideoMAE ViT-L as OpenTAD publishes them, 1024 wide, one every 8 frames,
# the first one around the fifth frame. Those of tools/misc/extract_features.py begin with the first
# 16 frames: set features.offset of the three data sets to 0.
# The recipe is OpenTAD's: 20 epochs of a cosine of 25, and a step learns the classes of all
# segments that it may belong to.
# Cost: 1 GPU, 40.47 M parameters.
# Average mAP that OpenTAD reports: 27.52.
_base_ = [
    '../../_base_/models/actionformer.py',
    '../../_base_/datasets/ego4d_mq_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width, length = 1024, 2048
dataset = dict(
    feature_dir='data/ego4d/features/videomae-large',
    features=dict(stride=8, offset=-4, width=width),
)

model = dict(
    data_preprocessor=dict(max_seq_len=length),
    backbone=dict(
        in_channels=width,
        arch=(2, 2, 9),
        windows=(17, 17, 17, 17, 17, 17, 17, -1, -1, -1),
        use_abs_pe=True,
        max_seq_len=length,
        input_drop_rate=0.2,
        drop_rate=0.1,
    ),
    all_classes=True,
    neck=dict(num_levels=10),
    cls_head=dict(num_classes=110),
    reg_head=dict(num_levels=10),
    regression_ranges=(
        *((0, 4), (2, 8), (4, 16), (8, 32), (16, 64)),
        *((32, 128), (64, 256), (128, 512), (256, 1024), (512, 10000)),
    ),
    test_cfg=dict(pre_nms_topk=5000, sigma=2.0, max_segments=2000, voting_thresh=0.95),
)
train_dataloader = dict(dataset=dict(dataset, pipeline=dict(crop=dict(max_seq_len=length))))
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
param_scheduler = dict(end=25)
train_cfg = dict(max_epochs=20, val_begin=13, val_interval=1)
