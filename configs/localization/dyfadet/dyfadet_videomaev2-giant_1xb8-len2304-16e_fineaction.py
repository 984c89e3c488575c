# python tools/train.py \
#     configs/localization/dyfadet/dyfadet_videomaev2-giant_1xb8-len2304-16e_fineaction.py
# Features: VideoMAE V2 ViT-g as its authors publish them, 1408 wide, one every 16 frames.
# Testing needs class scores of whole videos, see _base_/models/actionformer_agnostic.py:
# python tools/test.py CONFIG CKPT \
#     --cfg-options model.external_scores.path=data/fineaction/class_scores.json
# Cost: 1 GPU, 22.04 M parameters. 10 + 6 epochs.
# Average mAP that DyFADet's authors report with a classifier's scores: 23.8 (IoU 0.5: 37.1,
#   0.95: 5.9); OpenTAD: 23.70. The authors leave out every other feature, or more, of videos of
#   over 2304 features, 20 minutes; here these are cropped in training, and whole in tests.
_base_ = [
    '../../_base_/models/dyfadet.py',
    '../../_base_/datasets/fineaction_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width, length, classes = 1408, 2304, 1
features = dict(feature_dir='data/fineaction/features/videomaev2-giant', features=dict(width=width))

model = dict(
    # Windows of convolutions need no multiples of their own, only the strides do.
    data_preprocessor=dict(max_seq_len=length, length_divisor=64),
    backbone=dict(
        in_channels=width,
        embed_dims=256,
        arch=(2, 2, 6),
        windows=(15, 15, 15, 15, 15, 15),
        ratio=1.3,
        hidden_channels=2048,
        conv_std=0.2,
        max_seq_len=length,
        use_abs_pe=True,
        input_noise=0.5,
    ),
    neck=dict(in_channels=256, num_levels=7),
    cls_head=dict(num_classes=classes, in_channels=256),
    reg_head=dict(in_channels=256, num_levels=7),
    loss=dict(label_smoothing=0.1, init_normaliser=400.0),
    regression_ranges=((0, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 128), (128, 10000)),
    test_cfg=dict(
        duration_thresh=0.1, sigma=0.7, max_segments=200, voting_thresh=0.95, class_agnostic=True
    ),
)
# Videos keep their lengths; longer ones are cropped in training.
train_dataloader = dict(
    batch_size=8,
    dataset=dict(features, pipeline=dict(resample=None, crop=dict(max_seq_len=length))),
)
val_dataloader = dict(dataset=dict(features, pipeline=dict(resample=None)))
test_dataloader = val_dataloader
randomness = dict(seed=1234567891)
optim_wrapper = dict(optimizer=dict(lr=5e-4, weight_decay=0.025), clip_grad=dict(max_norm=0.4))
param_scheduler = dict(warmup=10, eta_min_ratio=5e-5 / 5e-4)
train_cfg = dict(max_epochs=16, val_begin=10)
auto_scale_lr = dict(base_batch_size=8)
# The model has one class, the data have more.
default_hooks = dict(label_check=None)
