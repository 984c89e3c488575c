# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-large-p16_2xb1-6144x2x1-35e_epic100-verb.py 2
# Encoder: VideoMAE ViT-L. OpenTAD first fine-tunes it on the verbs of EPIC-Kitchens-100; this
# starts from Kinetics-400 unless load_from names such weights, on which the figure below depends.
# Cost: 2 GPUs, 345.9 M parameters, of which 42.0 M learn.
# Adapters learn at 0.8 times the rate of the detector.
# Average mAP that OpenTAD reports, with its encoder: 29.69.
_base_ = [
    '../../_base_/models/adatad_epic100_verb.py',
    '../../_base_/datasets/epic100_verb_windows.py',
    '../../_base_/schedules/adamw_adatad_epic100.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='large'))
train_dataloader = dict(batch_size=1)
load_from = 'videomae_vit-large_k400-mmaction2'
