# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-small-p16_2xb1-768x4x1-60e_thumos14.py 2
# Encoder: VideoMAE ViT-S fine-tuned on Kinetics-400.
# Cost: 2 GPUs, 49.6 M parameters, of which 27.7 M learn.
# Adapters learn at twice the rate of the detector.
# Average mAP that OpenTAD reports: 69.03 (83.90, 79.01, 72.38, 61.57, 48.27).
_base_ = [
    '../../_base_/models/adatad.py',
    '../../_base_/datasets/thumos14_windows.py',
    '../../_base_/schedules/adamw_adatad.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='small'), lr_factor=2.0)
train_dataloader = dict(batch_size=1)
load_from = 'videomae_vit-small_k400'
