# python tools/train.py \
#     configs/localization/dyfadet/dyfadet_tsp_1xb8-len768-15e_activitynet.py
# Features: TSP, as ActionFormer publishes them: 512 wide, one every 16 frames, at 15 fps.
# Testing needs class scores of whole videos, see _base_/models/actionformer_agnostic.py:
# python tools/test.py CONFIG CKPT \
#     --cfg-options model.external_scores.path=data/activitynet/class_scores.json
# Cost: 1 GPU, 20.28 M parameters. 5 + 10 epochs.
# Average mAP that DyFADet's authors report with a classifier's scores: 38.5 (IoU 0.5: 58.1,
#   0.95: 8.4); OpenTAD, with 10 + 6 epochs: 38.62.
_base_ = [
    '../../_base_/models/dyfadet.py',
    '../../_base_/datasets/activitynet_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width, length, classes = 512, 768, 1
features = dict(feature_dir='data/activitynet/features/tsp', features=dict(width=width, fps=15.0))

model = dict(
    # Windows of convolutions need no multiples of their own, only the strides do.
    data_preprocessor=dict(max_seq_len=length, length_divisor=32),
    backbone=dict(
        in_channels=width,
        embed_dims=256,
        windows=(15, 15, 15, 15, 15),
        ratio=1.2,
        hidden_channels=2048,
        conv_std=0.15,
        max_seq_len=length,
        use_abs_pe=True,
        input_noise=0.7,
    ),
    neck=dict(in_channels=256),
    cls_head=dict(num_classes=classes, in_channels=256),
    reg_head=dict(in_channels=256),
    loss=dict(label_smoothing=0.1, init_normaliser=400.0),
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
optim_wrapper = dict(optimizer=dict(lr=5e-4), clip_grad=dict(max_norm=0.4))
param_scheduler = dict(eta_min_ratio=5e-5 / 5e-4)
train_cfg = dict(max_epochs=15, val_begin=7)
auto_scale_lr = dict(base_batch_size=8)
# The model has one class, the data have more.
default_hooks = dict(label_check=None)
