# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-large-p16_2xb1-7200x2x1-20e_ego4d-mq_192px.py 2
# Encoder: VideoMAE ViT-L. OpenTAD's is InternVideo's, fine-tuned on moment queries; this starts
# from Kinetics-400 unless load_from names such weights, on which the figure below depends.
# Only the later 12 of 24 blocks have adapters, which learn at 4 times the rate of the detector.
# A step learns the classes of all segments that it may belong to.
# Cost: 2 GPUs, 351.4 M parameters, of which 47.6 M learn.
# Average mAP that OpenTAD reports, with its encoder: 28.41.
_base_ = [
    '../../_base_/models/adatad_ego4d_mq.py',
    '../../_base_/datasets/ego4d_mq_windows.py',
    '../../_base_/schedules/adamw_adatad_ego4d_mq.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch='large'))
train_dataloader = dict(batch_size=1)
load_from = 'videomae_vit-large_k400-mmaction2'
