# NNODES=8 bash tools/dist_train.sh \
#     configs/recognition/mocov3/mocov3_vit-base-p16_64xb8-1x1x16-50e_sthv2.py 8
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.4 M parameters,
#   64 GPUs.
# Paper: 54.2 % top-1 on Something-Something V2 (Tables 2 and 3; 2 clips x 3 crops).
# Recipe: not published. Chosen here: VideoMAE's on the same data.
_base_ = '../videomae/videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2.py'

load_from = 'work_dirs/mocov3_vit-base-p16_64xb16-16x2x1-300e_sthv2/epoch_300.pth'
