# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-base-p16_2xb1-768x4x1-60e_thumos14.py 2
# Encoder: VideoMAE ViT-B fine-tuned on Kinetics-400.
# Cost: 2 GPUs, 117.5 M parameters, of which 31.3 M learn.
# Average mAP that OpenTAD reports: 71.14 (85.95, 81.86, 75.02, 63.29, 49.56).
_base_ = [
    '../../_base_/models/adatad.py',
    '../../_base_/datasets/thumos14_windows.py',
    '../../_base_/schedules/adamw_adatad.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=1)
load_from = 'videomae_vit-base_k400-mmaction2'
