# NNODES=8 bash tools/dist_train.sh configs/recognition/videomae/\
# videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2_from-imagenet21k.py 8
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.4 M parameters,
#   64 GPUs.
# Paper: 61.8 % top-1 on Something-Something V2 (Table 1d; 2 clips x 3 crops).
# Starts from: a ViT-B that learned the labels of ImageNet-21k; which one is not published, here
#   timm's vit_base_patch16_224.augreg_in21k. Its 2-D patch embedding is repeated over the two
#   frames of a cube and halved.
# Recipe: not published. Chosen here: the script of VideoMAE on the same data.
_base_ = 'videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2.py'

load_from = 'imagenet21k_vit-base'

# The pixels for which these weights were trained.
model = dict(data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]))
