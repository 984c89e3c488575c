# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-base-p16_2xb1-768x4x1-80e_multithumos.py 2
# Encoder: VideoMAE ViT-B fine-tuned on Kinetics-400.
# Cost: 2 GPUs, 112.1 M parameters, of which 25.8 M learn.
# Adapters learn at 4 times the rate of the detector.
# Average mAP that OpenTAD reports: 42.76.
_base_ = [
    '../../_base_/models/adatad_multithumos.py',
    '../../_base_/datasets/multithumos_windows.py',
    '../../_base_/schedules/adamw_adatad_multithumos.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='base'), lr_factor=4.0)
train_dataloader = dict(batch_size=1)
load_from = 'videomae_vit-base_k400-mmaction2'
