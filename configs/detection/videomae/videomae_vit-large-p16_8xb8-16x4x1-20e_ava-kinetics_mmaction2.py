# bash tools/dist_train.sh \
#     configs/detection/videomae/videomae_vit-large-p16_8xb8-16x4x1-20e_ava-kinetics_mmaction2.py 8
# Cost: 597.22 G multiply-accumulates per clip of 224x224 pixels; 303.9 M parameters, 8 GPUs.
# mmaction2: 38.7 mAP on AVA 2.2. Its released weights load and give the same scores.
# Recipe: mmaction2's config. Training clips have 256x256 pixels.
_base_ = [
    '../../_base_/models/detector_vit-large-p16_mmaction2.py',
    '../../_base_/datasets/ava_kinetics_mmaction2.py',
    '../../_base_/schedules/adamw_detection_mmaction2.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomae_vit-large-p16_64xb2-16x4x1-35e_kinetics400/epoch_35.pth'

optim_wrapper = dict(
    optimizer=dict(lr=0.00025),  # of a batch of 64
    paramwise_cfg=dict(layer_decay_rate=0.8),
)
