# python tools/train.py \
#     configs/localization/actionformer/actionformer_i3d_1xb16-len768-10e_charades.py
# Features: I3D on frames as OpenTAD publishes them, 1024 wide, one every 8 frames at 24 frames per
# second, the first one around the first frame.
# The recipe is OpenTAD's: 10 epochs of a cosine of 15, 8000 segments for each video.
# Cost: 1 GPU, 27.89 M parameters.
# Average mAP that OpenTAD reports: 19.39 (29.42, 21.76 and 12.78 at IoU 0.2, 0.5 and 0.7);
#   a later table of its says 20.60.
_base_ = [
    '../../_base_/models/actionformer.py',
    '../../_base_/datasets/charades_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width, length = 1024, 768
dataset = dict(
    feature_dir='data/charades/features/i3d',
    features=dict(stride=8, offset=-8, fps=24.0, width=width),
)

model = dict(
    # The least multiple of 576 that holds 768 steps; the rest is masked.
    data_preprocessor=dict(max_seq_len=1152),
    backbone=dict(in_channels=width, max_seq_len=1152),
    cls_head=dict(num_classes=157),
    test_cfg=dict(pre_nms_topk=8000, max_segments=8000, voting_thresh=0.7),
)
train_dataloader = dict(dataset=dict(dataset, pipeline=dict(crop=dict(max_seq_len=length))))
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
param_scheduler = dict(end=15)
train_cfg = dict(max_epochs=10, val_begin=6, val_interval=1)
auto_scale_lr = dict(base_batch_size=16)
