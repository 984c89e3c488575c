# NNODES=8 bash tools/dist_train.sh \
#     configs/recognition/videomae/videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2_from-imagemae.py 8
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.4 M parameters,
#   64 GPUs.
# Paper: 64.8 % top-1 on Something-Something V2 (Table 1e; 2 clips x 3 crops).
# Starts from: an ImageMAE ViT-B of ImageNet-1K (1600 epochs in the paper); its 2-D
#   patch embedding is repeated over the two frames of a cube and halved.
# Recipe: not published. Chosen here: the script of VideoMAE on the same data.
_base_ = 'videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2.py'

load_from = 'imagemae_vit-base'
