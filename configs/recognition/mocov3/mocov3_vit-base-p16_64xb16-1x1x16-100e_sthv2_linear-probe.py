# NNODES=8 bash tools/dist_train.sh \
#     configs/recognition/mocov3/mocov3_vit-base-p16_64xb16-1x1x16-100e_sthv2_linear-probe.py 8
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.9 M parameters,
#   64 GPUs; the encoder runs forward only.
# Paper: 33.7 % top-1 on Something-Something V2 (Table 3, linear probing; 2 clips x 3 crops).
# Recipe: not published. Chosen here: VideoMAE's on the same data.
_base_ = '../videomae/videomae_vit-base-p16_64xb16-1x1x16-100e_sthv2_linear-probe.py'

load_from = 'work_dirs/mocov3_vit-base-p16_64xb16-16x2x1-300e_sthv2/epoch_300.pth'
