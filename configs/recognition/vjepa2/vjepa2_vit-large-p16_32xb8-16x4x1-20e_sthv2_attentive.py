# NNODES=4 bash tools/dist_train.sh configs/recognition/vjepa2/\
# vjepa2_vit-large-p16_32xb8-16x4x1-20e_sthv2_attentive.py 8
# Cost: 828.36 G multiply-accumulates of the encoder per view, 2 clips x 3 crops in the test;
#   353.4 M parameters, 32 GPUs; the encoder runs forward only.
# Paper: 73.7 % top-1 on Something-Something V2
#   (reported by the paper: best of 20 classifiers, 2 clips x 3 crops).
# Recipe: that of the released evaluations; rate and weight decay are chosen here, see the schedule.
#   Clips are sampled by the rule of VideoMAE, which differs slightly for short videos.
# Weights: https://dl.fbaipublicfiles.com/vjepa2/vitl.pt, MIT licence.
_base_ = [
    '../../_base_/models/vjepa2_vit-large.py',
    '../../_base_/datasets/sthv2_vjepa2.py',
    '../../_base_/schedules/adamw_attentive.py',
    '../../_base_/default_runtime.py',
]

load_from = 'checkpoints/vitl.pt'

model = dict(cls_head=dict(num_classes=_base_.num_classes, num_segments=2, num_crops=3))
