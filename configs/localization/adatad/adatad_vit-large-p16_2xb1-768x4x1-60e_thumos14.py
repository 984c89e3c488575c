# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-large-p16_2xb1-768x4x1-60e_thumos14.py 2
# Encoder: VideoMAE ViT-L fine-tuned on Kinetics-400.
# Cost: 2 GPUs, 345.8 M parameters, of which 41.9 M learn.
# Average mAP that OpenTAD reports: 73.51 (87.17, 83.58, 76.88, 66.81, 53.13).
_base_ = [
    '../../_base_/models/adatad.py',
    '../../_base_/datasets/thumos14_windows.py',
    '../../_base_/schedules/adamw_adatad.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='large'))
train_dataloader = dict(batch_size=1)
load_from = 'videomae_vit-large_k400-mmaction2'
