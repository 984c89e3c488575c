# bash tools/dist_train.sh \
#     configs/detection/videomae/videomae_vit-base-p16_8xb8-16x4x1-20e_ava-kinetics_mmaction2.py 8
# Cost: 180.49 G multiply-accumulates per clip of 224x224 pixels; 86.3 M parameters, 8 GPUs.
# mmaction2: 33.6 mAP on AVA 2.2. Its released weights load and give the same scores.
# Recipe: mmaction2's config. Training clips have 256x256 pixels.
_base_ = [
    '../../_base_/models/detector_vit-base-p16_mmaction2.py',
    '../../_base_/datasets/ava_kinetics_mmaction2.py',
    '../../_base_/schedules/adamw_detection_mmaction2.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomae_vit-base-p16_64xb6-16x4x1-75e_kinetics400/epoch_75.pth'

optim_wrapper = dict(
    optimizer=dict(lr=0.000125),  # of a batch of 64
    paramwise_cfg=dict(layer_decay_rate=0.75),
)
