# NNODES=8 bash tools/dist_train.sh \
#     configs/recognition/mocov3/mocov3_vit-base-p16_64xb8-1x1x16-50e_sthv2_from-kinetics400.py 8
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.4 M parameters,
#   64 GPUs.
# Paper: 62.4 % top-1 on Something-Something V2 after pre-training on Kinetics-400 (Table 4; 2 clips
#   x 3 crops).
# Recipe: not published. Chosen here: VideoMAE's on the same data.
_base_ = '../videomae/videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2_from-kinetics400.py'

load_from = 'work_dirs/mocov3_vit-base-p16_64xb16-16x4x1-300e_kinetics400/epoch_300.pth'
