# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-huge-p16_4xb4-768even-15e_activitynet.py 4
# Encoder: VideoMAE ViT-H fine-tuned on Kinetics-400.
# Cost: 4 GPUs, 668.7 M parameters, of which 37.1 M learn.
# Adapters learn at a tenth of the rate of the detector.
# Testing needs class scores of whole videos, see _base_/models/adatad_activitynet.py.
# Average mAP that OpenTAD reports with a classifier's scores: 39.31
#   (IoU 0.5, 0.75, 0.95: 57.77, 40.60, 9.78).
_base_ = [
    '../../_base_/models/adatad_activitynet.py',
    '../../_base_/datasets/activitynet_windows.py',
    '../../_base_/schedules/adamw_adatad_activitynet.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='huge'))
train_dataloader = dict(batch_size=4)
# The model has one class, the data have more.
default_hooks = dict(label_check=None)
load_from = 'videomae_vit-huge_k400'
