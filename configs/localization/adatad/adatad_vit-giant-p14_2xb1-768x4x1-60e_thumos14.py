# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-giant-p14_2xb1-768x4x1-60e_thumos14.py 2
# Encoder: VideoMAE V2 ViT-g fine-tuned on Kinetics-710.
# Cost: 2 GPUs, 1084.6 M parameters, of which 73.0 M learn.
# Patches of 14 pixels cover 154 of 160 pixels.
# Average mAP that OpenTAD reports: 75.06 (88.63, 85.39, 79.17, 68.34, 53.79).
_base_ = [
    '../../_base_/models/adatad.py',
    '../../_base_/datasets/thumos14_windows.py',
    '../../_base_/schedules/adamw_adatad.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='giant', patch_size=14))
train_dataloader = dict(batch_size=1)
load_from = 'videomaev2_vit-giant_k710'
