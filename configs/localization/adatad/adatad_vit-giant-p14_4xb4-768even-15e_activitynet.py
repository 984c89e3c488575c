# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-giant-p14_4xb4-768even-15e_activitynet.py 4
# Encoder: VideoMAE V2 ViT-g fine-tuned on Kinetics-710.
# Cost: 4 GPUs, 1064.0 M parameters, of which 52.4 M learn.
# Adapters learn at a tenth of the rate of the detector.
# Testing needs class scores of whole videos, see _base_/models/adatad_activitynet.py.
# Patches of 14 pixels cover 154 of 160 pixels.
# Average mAP that OpenTAD reports with a classifier's scores: 39.77
#   (IoU 0.5, 0.75, 0.95: 58.42, 40.89, 10.01).
_base_ = [
    '../../_base_/models/adatad_activitynet.py',
    '../../_base_/datasets/activitynet_windows.py',
    '../../_base_/schedules/adamw_adatad_activitynet.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='giant', patch_size=14))
train_dataloader = dict(batch_size=4)
# The model has one class, the data have more.
default_hooks = dict(label_check=None)
load_from = 'videomaev2_vit-giant_k710'
