# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-large-p16_2xb1-768x4x1-80e_multithumos.py 2
# Encoder: VideoMAE ViT-L fine-tuned on Kinetics-400.
# Cost: 2 GPUs, 340.3 M parameters, of which 36.4 M learn.
# Adapters learn at 4 times the rate of the detector.
# Average mAP that OpenTAD reports: 45.15.
_base_ = [
    '../../_base_/models/adatad_multithumos.py',
    '../../_base_/datasets/multithumos_windows.py',
    '../../_base_/schedules/adamw_adatad_multithumos.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='large'), lr_factor=4.0)
train_dataloader = dict(batch_size=1)
load_from = 'videomae_vit-large_k400-mmaction2'
