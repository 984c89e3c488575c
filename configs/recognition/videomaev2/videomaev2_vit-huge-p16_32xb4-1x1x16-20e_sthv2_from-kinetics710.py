# NNODES=4 bash tools/dist_train.sh configs/recognition/videomaev2/\
# videomaev2_vit-huge-p16_32xb4-1x1x16-20e_sthv2_from-kinetics710.py 8
# Cost: 1191.64 G multiply-accumulates per view, 2 clips x 3 crops in the test; 631.8 M
#   parameters, 32 GPUs, activation checkpointing.
# Paper: section 4.2 says that post-pre-training makes Something-Something V2 worse than
#   fine-tuning directly (top-1 76.8, Table 4), without a figure.
# Recipe: not published. Chosen here: the script of fine-tuning directly, after the
#   post-pre-training on Kinetics-710.
_base_ = 'videomaev2_vit-huge-p16_32xb4-1x1x16-20e_sthv2.py'

load_from = 'work_dirs/videomaev2_vit-huge-p16_32xb4-16x4x1-40e_kinetics710/epoch_40.pth'
