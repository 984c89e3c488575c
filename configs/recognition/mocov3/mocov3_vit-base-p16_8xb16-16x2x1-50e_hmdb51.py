# bash tools/dist_train.sh \
#     configs/recognition/mocov3/mocov3_vit-base-p16_8xb16-16x2x1-50e_hmdb51.py 8
# Cost: 180.49 G multiply-accumulates per view, 10 clips x 3 crops in the test; 86.3 M parameters,
#   8 GPUs, activation checkpointing.
# Paper: 39.2 % top-1 on HMDB51 (Table 2; 10 clips x 3 crops).
# Recipe: not published. Chosen here: VideoMAE's on the same data.
#   For splits 2 and 3, put SPLIT=2 or SPLIT=3 before the command and set --work-dir.
_base_ = '../videomae/videomae_vit-base-p16_8xb16-16x2x1-50e_hmdb51.py'

load_from = 'work_dirs/mocov3_vit-base-p16_8xb24-16x2x1-300e_hmdb51/epoch_300.pth'
