# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-large-p16_4xb4-768even-15e_activitynet.py 4
# Encoder: VideoMAE ViT-L fine-tuned on Kinetics-400.
# Cost: 4 GPUs, 325.4 M parameters, of which 21.6 M learn.
# Adapters learn at a tenth of the rate of the detector.
# Testing needs class scores of whole videos, see _base_/models/adatad_activitynet.py.
# Average mAP that OpenTAD reports with a classifier's scores: 39.21
#   (IoU 0.5, 0.75, 0.95: 57.73, 40.53, 9.96).
_base_ = [
    '../../_base_/models/adatad_activitynet.py',
    '../../_base_/datasets/activitynet_windows.py',
    '../../_base_/schedules/adamw_adatad_activitynet.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='large'))
train_dataloader = dict(batch_size=4)
# The model has one class, the data have more.
default_hooks = dict(label_check=None)
load_from = 'videomae_vit-large_k400-mmaction2'
