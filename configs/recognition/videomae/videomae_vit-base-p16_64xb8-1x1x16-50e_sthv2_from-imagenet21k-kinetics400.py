# NNODES=8 bash tools/dist_train.sh configs/recognition/videomae/\
# videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2_from-imagenet21k-kinetics400.py 8
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.4 M parameters,
#   64 GPUs.
# Paper: 65.2 % top-1 on Something-Something V2 (Table 1d; 2 clips x 3 crops).
# Starts from: ImageNet-21k with labels, then Kinetics-400 with labels.
# Recipe: not published. Chosen here: the script of VideoMAE on the same data.
_base_ = 'videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2.py'

load_from = (
    'work_dirs/videomae_vit-base-p16_64xb8-16x4x1-100e_kinetics400_from-imagenet21k/epoch_100.pth'
)

# The pixels for which these weights were trained.
model = dict(data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]))
