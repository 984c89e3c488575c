# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-huge-p16_2xb1-768x4x1-80e_multithumos.py 2
# Encoder: VideoMAE ViT-H fine-tuned on Kinetics-400.
# Cost: 2 GPUs, 683.8 M parameters, of which 52.2 M learn.
# Average mAP that OpenTAD reports: 46.02.
_base_ = [
    '../../_base_/models/adatad_multithumos.py',
    '../../_base_/datasets/multithumos_windows.py',
    '../../_base_/schedules/adamw_adatad_multithumos.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='huge'))
train_dataloader = dict(batch_size=1)
load_from = 'videomae_vit-huge_k400'
