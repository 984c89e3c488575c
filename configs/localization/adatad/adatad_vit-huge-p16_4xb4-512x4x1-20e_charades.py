# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-huge-p16_4xb4-512x4x1-20e_charades.py 4
# Encoder: VideoMAE ViT-H fine-tuned on Kinetics-400.
# Cost: 4 GPUs, 695.8 M parameters, of which 64.2 M learn.
# Average mAP that OpenTAD reports: 33.94.
_base_ = [
    '../../_base_/models/adatad_charades.py',
    '../../_base_/datasets/charades_windows.py',
    '../../_base_/schedules/adamw_adatad_charades.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='huge'))
train_dataloader = dict(batch_size=4)
load_from = 'videomae_vit-huge_k400'
