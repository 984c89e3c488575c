# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-giant-p14_4xb4-512x4x1-20e_charades.py 4
# Encoder: VideoMAE V2 ViT-g fine-tuned on Kinetics-710.
# Cost: 4 GPUs, 1091.2 M parameters, of which 79.5 M learn.
# Adapters learn at 0.8 times the rate of the detector.
# Patches of 14 pixels cover 154 of 160 pixels.
# Average mAP that OpenTAD reports: 37.56.
_base_ = [
    '../../_base_/models/adatad_charades.py',
    '../../_base_/datasets/charades_windows.py',
    '../../_base_/schedules/adamw_adatad_charades.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='giant', patch_size=14), lr_factor=0.8)
train_dataloader = dict(batch_size=4)
load_from = 'videomaev2_vit-giant_k710'
