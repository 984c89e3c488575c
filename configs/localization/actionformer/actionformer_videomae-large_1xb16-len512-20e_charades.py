# python tools/train.py \
#     configs/localization/actionformer/actionformer_videomae-large_1xb16-len512-20e_charades.py
# Features: VideoMAE ViT-L as OpenTAD publishes them, 1024 wide, one every 4 frames at 30 frames
# per second, the first one around the third frame. Those of tools/misc/extract_features.py begin
# with the first 16 frames: set features.offset of the three data sets to 0.
# The recipe is OpenTAD's. It tests in windows of 512 steps; here a longer video is seen at once.
# Cost: 1 GPU, 34.21 M parameters.
# Average mAP that OpenTAD reports: 26.04.
_base_ = [
    '../../_base_/models/actionformer.py',
    '../../_base_/datasets/charades_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width, length = 1024, 512
dataset = dict(
    feature_dir='data/charades/features/videomae-large',
    features=dict(offset=-6, fps=30.0, width=width),
)

model = dict(
    data_preprocessor=dict(max_seq_len=length),
    backbone=dict(
        in_channels=width,
        arch=(2, 2, 7),
        windows=-1,
        use_abs_pe=True,
        max_seq_len=length,
        input_drop_rate=0.3,
    ),
    neck=dict(num_levels=8),
    cls_head=dict(num_classes=157),
    reg_head=dict(num_levels=8),
    regression_ranges=(
        *((0, 4), (4, 8), (8, 16), (16, 32)),
        *((32, 64), (64, 128), (128, 256), (256, 10000)),
    ),
    test_cfg=dict(sigma=0.3, max_segments=1000, voting_thresh=0.7),
)
train_dataloader = dict(dataset=dict(dataset, pipeline=dict(crop=dict(max_seq_len=length))))
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=20, val_begin=9, val_interval=1)
auto_scale_lr = dict(base_batch_size=16)
