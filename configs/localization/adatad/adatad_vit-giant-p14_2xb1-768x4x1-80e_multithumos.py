# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-giant-p14_2xb1-768x4x1-80e_multithumos.py 2
# Encoder: VideoMAE V2 ViT-g fine-tuned on Kinetics-710.
# Cost: 2 GPUs, 1079.2 M parameters, of which 67.5 M learn.
# Patches of 14 pixels cover 154 of 160 pixels.
# Average mAP that OpenTAD reports: 46.74.
_base_ = [
    '../../_base_/models/adatad_multithumos.py',
    '../../_base_/datasets/multithumos_windows.py',
    '../../_base_/schedules/adamw_adatad_multithumos.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='giant', patch_size=14))
train_dataloader = dict(batch_size=1)
load_from = 'videomaev2_vit-giant_k710'
