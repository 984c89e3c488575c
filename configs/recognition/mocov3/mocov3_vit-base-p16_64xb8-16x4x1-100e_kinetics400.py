# NNODES=8 bash tools/dist_train.sh \
#     configs/recognition/mocov3/mocov3_vit-base-p16_64xb8-16x4x1-100e_kinetics400.py 8
# Cost: 180.49 G multiply-accumulates per view, 5 clips x 3 crops in the test; 86.5 M parameters,
#   64 GPUs.
# Paper: 74.2 % top-1 on Kinetics-400 (Table 2; 5 clips x 3 crops).
# Recipe: not published. Chosen here: VideoMAE's on the same data.
_base_ = '../videomae/videomae_vit-base-p16_64xb8-16x4x1-100e_kinetics400.py'

load_from = 'work_dirs/mocov3_vit-base-p16_64xb16-16x4x1-300e_kinetics400/epoch_300.pth'
