# python tools/train.py \
#     configs/localization/actionformer/actionformer_i3d_1xb2-len2304-45e_multithumos.py
# Features: I3D, two streams, as ActionFormer publishes them for THUMOS14: 2048 wide, one every 4
# frames. The recipe is OpenTAD's: 45 epochs of a cosine of 65, 8000 segments for each video.
# Cost: 1 GPU, 23.79 M parameters.
# Average mAP that OpenTAD reports: 39.18 (60.16, 44.99 and 24.55 at IoU 0.2, 0.5 and 0.7).
_base_ = [
    '../../_base_/models/actionformer.py',
    '../../_base_/datasets/multithumos_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width = 2048
dataset = dict(feature_dir='data/thumos14/features/i3d', features=dict(width=width))

model = dict(
    backbone=dict(in_channels=width, arch=(3, 0, 5)),
    cls_head=dict(num_classes=65),
    test_cfg=dict(pre_nms_topk=8000, max_segments=8000, voting_thresh=0.7),
)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
param_scheduler = dict(end=65)
train_cfg = dict(max_epochs=45, val_begin=36)
