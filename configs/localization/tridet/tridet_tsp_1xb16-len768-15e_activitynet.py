# python tools/train.py \
#     configs/localization/tridet/tridet_tsp_1xb16-len768-15e_activitynet.py
# Features: TSP, as ActionFormer publishes them: 512 wide, one every 16 frames, at 15 fps.
# Testing needs class scores of whole videos, see _base_/models/actionformer_agnostic.py:
# python tools/test.py CONFIG CKPT \
#     --cfg-options model.external_scores.path=data/activitynet/class_scores.json
# Cost: 1 GPU, 12.81 M parameters. 10 + 5 epochs.
# Average mAP that TriDet's authors report with a classifier's scores: 36.77 (IoU 0.5, 0.75, 0.95:
#   54.71, 38.01, 8.35); OpenTAD: 36.96.
_base_ = [
    '../../_base_/models/tridet.py',
    '../../_base_/datasets/activitynet_features.py',
    '../../_base_/schedules/adamw_localization.py',
    '../../_base_/default_runtime.py',
]

width, length, dims = 512, 768, 256
dataset = dict(feature_dir='data/activitynet/features/tsp', features=dict(width=width, fps=15.0))

model = dict(
    # That of the strides, since 768 is not a multiple of 480, to which TriDet pads longer videos.
    data_preprocessor=dict(max_seq_len=length, length_divisor=32),
    backbone=dict(
        in_channels=width,
        embed_dims=dims,
        windows=(15, 15, 15, 15, 15),
        ratio=1.3,
        hidden_channels=2048,
        conv_std=0.2,
        max_seq_len=length,
        use_abs_pe=True,
        input_noise=0.5,
    ),
    neck=dict(in_channels=dims),
    cls_head=dict(num_classes=1, in_channels=dims),
    reg_head=dict(num_classes=1, in_channels=dims, num_bins=12),
    loss=dict(label_smoothing=0.1, init_normaliser=400.0, iou_power=1.0),
    test_cfg=dict(
        duration_thresh=0.1, sigma=0.7, max_segments=200, voting_thresh=0.95, class_agnostic=True
    ),
)
# Videos keep their lengths; longer ones are cropped in training.
train_dataloader = dict(
    dataset=dict(dataset, pipeline=dict(resample=None, crop=dict(max_seq_len=length)))
)
val_dataloader = dict(dataset=dict(dataset, pipeline=dict(resample=None)))
test_dataloader = val_dataloader
randomness = dict(seed=1234567891)
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=0.04), clip_grad=dict(max_norm=0.4))
param_scheduler = dict(warmup=10, eta_min_ratio=5e-5 / 1e-3)
train_cfg = dict(max_epochs=15, val_begin=11)
auto_scale_lr = dict(base_batch_size=16)
# The model has one class, the data have more.
default_hooks = dict(label_check=None)
