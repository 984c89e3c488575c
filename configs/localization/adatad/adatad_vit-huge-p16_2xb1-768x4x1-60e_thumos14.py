# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-huge-p16_2xb1-768x4x1-60e_thumos14.py 2
# Encoder: VideoMAE ViT-H fine-tuned on Kinetics-400.
# Cost: 2 GPUs, 689.3 M parameters, of which 57.7 M learn.
# Average mAP that OpenTAD reports: 74.95 (88.42, 84.63, 78.72, 69.04, 53.95).
_base_ = [
    '../../_base_/models/adatad.py',
    '../../_base_/datasets/thumos14_windows.py',
    '../../_base_/schedules/adamw_adatad.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='huge'))
train_dataloader = dict(batch_size=1)
load_from = 'videomae_vit-huge_k400'
