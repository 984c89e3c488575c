# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-small-p16_4xb4-512x4x1-20e_charades.py 4
# Encoder: VideoMAE ViT-S fine-tuned on Kinetics-400.
# Cost: 4 GPUs, 56.1 M parameters, of which 34.2 M learn.
# Adapters learn at 4 times the rate of the detector.
# Average mAP that OpenTAD reports: 24.14.
_base_ = [
    '../../_base_/models/adatad_charades.py',
    '../../_base_/datasets/charades_windows.py',
    '../../_base_/schedules/adamw_adatad_charades.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='small'), lr_factor=4.0)
train_dataloader = dict(batch_size=4)
load_from = 'videomae_vit-small_k400'
