# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-large-p16_4xb4-512x4x1-20e_charades.py 4
# Encoder: VideoMAE ViT-L fine-tuned on Kinetics-400.
# Cost: 4 GPUs, 352.3 M parameters, of which 48.4 M learn.
# Adapters learn at twice the rate of the detector.
# Average mAP that OpenTAD reports: 32.31.
_base_ = [
    '../../_base_/models/adatad_charades.py',
    '../../_base_/datasets/charades_windows.py',
    '../../_base_/schedules/adamw_adatad_charades.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='large'), lr_factor=2.0)
train_dataloader = dict(batch_size=4)
load_from = 'videomae_vit-large_k400-mmaction2'
