# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-base-p16_4xb4-768even-15e_activitynet.py 4
# Encoder: VideoMAE ViT-B fine-tuned on Kinetics-400.
# Cost: 4 GPUs, 97.4 M parameters, of which 11.1 M learn.
# Adapters learn at a tenth of the rate of the detector.
# Testing needs class scores of whole videos, see _base_/models/adatad_activitynet.py.
# Average mAP that OpenTAD reports with a classifier's scores: 38.35
#   (IoU 0.5, 0.75, 0.95: 56.72, 39.44, 9.54).
_base_ = [
    '../../_base_/models/adatad_activitynet.py',
    '../../_base_/datasets/activitynet_windows.py',
    '../../_base_/schedules/adamw_adatad_activitynet.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='base'))
train_dataloader = dict(batch_size=4)
# The model has one class, the data have more.
default_hooks = dict(label_check=None)
load_from = 'videomae_vit-base_k400-mmaction2'
