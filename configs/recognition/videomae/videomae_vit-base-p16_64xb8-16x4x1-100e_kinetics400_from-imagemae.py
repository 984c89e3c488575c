# NNODES=8 bash tools/dist_train.sh configs/recognition/videomae/\
# videomae_vit-base-p16_64xb8-16x4x1-100e_kinetics400_from-imagemae.py 8
# Cost: 180.49 G multiply-accumulates per view, 5 clips x 3 crops in the test; 86.5 M parameters,
#   64 GPUs.
# Paper: 78.7 % top-1 on Kinetics-400 (Table 1e; 5 clips x 3 crops).
# Starts from: an ImageMAE ViT-B of ImageNet-1K (1600 epochs in the paper); its 2-D
#   patch embedding is repeated over the two frames of a cube and halved.
# Recipe: not published. Chosen here: the script of VideoMAE on the same data.
_base_ = 'videomae_vit-base-p16_64xb8-16x4x1-100e_kinetics400.py'

load_from = 'imagemae_vit-base'
